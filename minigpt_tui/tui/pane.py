"""What every pane is: a container that knows the workbench and where the focus begins."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from textual.containers import Container
from textual.widget import Widget

if TYPE_CHECKING:
    from minigpt_tui.runs.folder import RunFolder
    from minigpt_tui.tui.app import Workbench


class Pane(Container):
    """One of the panes. The pulling of live data stops by itself when the pane is unmounted."""

    DEFAULT_CSS = "Pane { width: 1fr; height: 1fr; }"

    leaving = False
    """Whether it is being taken down: its parts go before it does."""

    @property
    def workbench(self) -> Workbench:
        from minigpt_tui.tui.app import Workbench

        return cast(Workbench, self.app)

    def focus_first(self) -> None:
        """Puts the focus where a newcomer's next key should act."""
        raise NotImplementedError

    def catch_up(self) -> None:
        """Shows what waited until a key had been answered, while somebody types."""

    def follow(self, run: RunFolder) -> None:
        """Another run is to be shown; for panes that show one."""


def focus_now(widget: Widget) -> None:
    """Gives the focus at once. `Widget.focus` queues up behind what was typed meanwhile, so that
    nobody would have it."""
    widget.screen.set_focus(widget)


def while_there(widget: Widget, call: Callable[[], object]) -> Callable[[], object]:
    """`call` for a timer or the next refresh, left out when the widget's pane has been turned.

    A coroutine function may be given too: what it returns is handed on to be awaited.
    """

    def called() -> object:
        panes = (node for node in widget.ancestors_with_self if isinstance(node, Pane))
        there = widget.is_attached and not any(pane.leaving for pane in panes)
        return call() if there else None

    return called
