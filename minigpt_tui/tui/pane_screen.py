"""The screen that the panes are in: where Tab goes, and that every part hears of its size."""

from __future__ import annotations

from textual._compositor import Compositor, ReflowResult
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from minigpt_tui.tui.widgets.divider import Divider


class PaneScreen(Screen[None]):
    """Tab goes through the parts as one reads them, and to the lines between them last."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._compositor = TellingCompositor()

    @property
    def focus_chain(self) -> list[Widget]:
        return sorted(super().focus_chain, key=lambda widget: isinstance(widget, Divider))


class TellingCompositor(Compositor):
    """Compares each layout with the one before it.

    Textual's own compares it with its map of the screen, which is made anew whenever somebody asks
    for the region of a widget that is not in it yet. Such a widget counts as known when it is laid
    out, never gets its first `Resize` and `Show`, and stays blank (Textual issue 5024). A pane's
    parts are asked for their width as soon as a thread has something to show in them.
    """

    def __init__(self) -> None:
        super().__init__()
        self._laid_out = self._full_map

    def reflow(self, parent: Widget, size: Size) -> ReflowResult:
        painted = self._full_map if self._visible_map is None else self._visible_map
        self._full_map = self._laid_out
        result = super().reflow(parent, size)
        self._laid_out = self._full_map
        # What is to be painted anew depends on what is painted, which may have scrolled since.
        moved = (geometry for _, geometry in painted.items() ^ self._full_map.items())
        regions = (geometry.clip.intersection(geometry.region) for geometry in moved)
        self._dirty_regions.update(region for region in regions if region)
        return result

    def clear(self) -> None:
        super().clear()
        self._laid_out.clear()
