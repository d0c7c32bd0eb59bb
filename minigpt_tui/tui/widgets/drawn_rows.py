"""Rows of text that are drawn again only where they are others now.

Textual draws and sends a whole widget when it is refreshed. Most keys change few rows of a picture,
and beside a training each row is felt.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.geometry import Region
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget


class DrawnRows(Widget):
    """Call `redraw`, not `refresh`, when `rows_now` has become something else."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._rows: Sequence[Content] = ()
        """What stands on the screen."""
        self._strips: dict[int, Strip] = {}
        """Rows of it that have been drawn."""

    def rows_now(self) -> Sequence[Content]:
        """The rows, each at most as wide as the widget."""
        raise NotImplementedError

    def redraw(self) -> None:
        before, self._rows = self._rows, self.rows_now()
        if len(before) != len(self._rows):
            self._strips.clear()
            self.refresh()
            return
        changed = [
            row
            for row, (old, new) in enumerate(zip(before, self._rows, strict=True))
            if not old.is_same(new)
        ]
        for row in changed:
            self._strips.pop(row, None)
        if changed:
            self.refresh(*(Region(0, row, self.size.width, 1) for row in changed))

    def render(self) -> Content:
        return Content("\n").join(self._rows)

    def render_line(self, y: int) -> Strip:
        if self.text_selection is not None or y >= len(self._rows):
            return super().render_line(y)
        if y not in self._strips:
            width = self.size.width
            drawn = Visual.to_strips(self, self._rows[y], width, 1, self.visual_style)
            self._strips[y] = drawn[0] if drawn else Strip.blank(width)
        return self._strips[y]

    def notify_style_update(self) -> None:
        """Other colours: of the theme, or because the focus came."""
        super().notify_style_update()
        self._strips.clear()

    def watch_has_focus(self, has_focus: bool) -> None:
        super().watch_has_focus(has_focus)
        self.redraw()

    def on_resize(self) -> None:
        self._strips.clear()
        self._rows = self.rows_now()
        self.refresh()
