"""Lets go of what Textual holds of widgets that are gone.

A workbench is open for hours and its panes are turned thousands of times. Three things that
Textual keeps would then grow with every turn, or make each garbage collection a long one.
"""

from __future__ import annotations

from textual import widgets
from textual._styles_cache import StylesCache
from textual.screen import Screen


class Footer(widgets.Footer):
    """The keys that work here, made anew whenever the focus moves, each bound to `compact`.

    The binding holds a key that is gone until `compact` is set again.
    """

    async def recompose(self) -> None:
        await super().recompose()
        self.mutate_reactive(widgets.Footer.compact)


def let_go_of_removed_widgets(screen: Screen[object]) -> None:
    """To be called when many widgets have been removed from the screen, as when a pane is turned.

    A text field hears of selections on the screen through a closure that holds the field; the
    signal forgets fields that are gone only when it is published. And the colours of the last 1,024
    backgrounds are kept together with the drawn lines of the widgets that asked for them: 200,000
    objects in the end.
    """
    screen.text_selection_started_signal.publish(screen)
    forget = getattr(StylesCache.get_inner_outer, "cache_clear", None)
    if forget is not None:  # another Textual may keep them elsewhere
        forget()
