"""The line between two parts of a pane: dragged, or moved by the arrow keys when it is focused.

The size that somebody chose is kept by the divider's name, and is given to the part again at the
next start. Where the pane shows no divider (a narrow screen), the part has its own size.
"""

from __future__ import annotations

from typing import ClassVar, Literal

from textual.app import RenderResult
from textual.binding import BindingType
from textual.content import Content
from textual.events import Hide, MouseDown, MouseMove, MouseUp, Show
from textual.widget import Widget

from minigpt_tui.tui.keys.divider_keys import DIVIDER_KEYS


class Divider(Widget, can_focus=True):
    """Stands between two parts that lie side by side. It sizes the one before or after it.

    `target` is a selector in the same pane; `least` and `rest` are the columns that it and what
    is beside it must keep.
    """

    DEFAULT_CSS = """
    Divider { width: 1; height: 1fr; color: $foreground 50%; content-align: center middle; }
    Divider:hover { color: $primary; background: $panel; }
    Divider:focus { color: $background; background: $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [*DIVIDER_KEYS]

    def __init__(
        self,
        kept_as: str,
        target: str,
        *,
        side: Literal["before", "after"] = "before",
        least: int = 16,
        rest: int = 24,
    ) -> None:
        super().__init__()
        self.kept_as = kept_as
        self.target = target
        self.direction = 1 if side == "before" else -1
        self.least, self.rest = least, rest
        self._dragged_from: tuple[int, int] | None = None
        """The column of the mouse and the size when the drag began."""

    @property
    def sizes(self) -> dict[str, int]:
        """The kept sizes, those of all dividers."""
        kept: dict[str, int] = self.app.remembered.sizes  # type: ignore[attr-defined]
        return kept

    @property
    def part(self) -> Widget:
        assert isinstance(self.parent, Widget)
        return self.parent.query_one(self.target, Widget)

    def on_show(self, event: Show) -> None:
        self._apply()

    def on_hide(self, event: Hide) -> None:
        self._let_go()

    def render(self) -> RenderResult:
        return Content("⋮")

    def action_move(self, columns: int) -> None:
        self._resize(self.part.outer_size.width + self.direction * columns)

    def action_reset(self) -> None:
        self.sizes.pop(self.kept_as, None)
        self._let_go()

    def on_mouse_down(self, event: MouseDown) -> None:
        self._dragged_from = event.screen_x, self.part.outer_size.width
        self.capture_mouse()

    def on_mouse_move(self, event: MouseMove) -> None:
        if self._dragged_from is not None:
            column, width = self._dragged_from
            self._resize(width + self.direction * (event.screen_x - column))

    def on_mouse_up(self, event: MouseUp) -> None:
        self._dragged_from = None
        self.release_mouse()

    def _resize(self, width: int) -> None:
        self.sizes[self.kept_as] = max(width, self.least)
        self._apply()

    def _let_go(self) -> None:
        """Gives the part the size that the stylesheet says."""
        self.part.styles.clear_rule("width")
        self.part.refresh(layout=True)

    def _apply(self) -> None:
        """Gives the part its kept size, as far as the screen has room for it."""
        width = self.sizes.get(self.kept_as)
        if width is None:
            return
        assert isinstance(self.parent, Widget)
        room = max(self.parent.size.width - 1 - self.rest, self.least)
        self.sizes[self.kept_as] = width = min(max(width, self.least), room)
        self.part.styles.width = width
