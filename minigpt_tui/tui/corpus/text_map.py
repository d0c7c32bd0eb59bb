"""A narrow column that stands for a whole text: what is seen of it, and what is held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual.events import MouseDown, MouseMove, MouseUp
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget


class TextMap(Widget):
    """Where a scrollbar would be. A click, or a pull with the mouse, posts `Jump`."""

    DEFAULT_CSS = """
    TextMap {
        width: 1; height: 1fr; background: $background;
        &> .text-map--text { color: $foreground 25%; }
        &> .text-map--held-out { color: $accent 80%; }
        &> .text-map--seen { color: $primary; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "text-map--text",
        "text-map--held-out",
        "text-map--seen",
    }

    @dataclass
    class Jump(Message):
        share: float
        """Of the whole text, 0 to 1."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._seen = 0.0, 1.0
        self._border = 1.0
        self._pulled = False

    def show(self, seen: tuple[float, float], border: float) -> None:
        """The shares of the text that are seen, from and to, and where the training part ends."""
        if (seen, border) != (self._seen, self._border):
            self._seen, self._border = seen, border
            self.refresh()

    def render_line(self, y: int) -> Strip:
        height = max(1, self.size.height)
        share = (y + 0.5) / height
        first = min(height - 1, int(self._seen[0] * height))
        last = max(first, min(height - 1, int(self._seen[1] * height - 1e-9)))
        kind, sign = ("held-out", "┊") if share >= self._border else ("text", "│")
        if first <= y <= last:
            kind, sign = "seen", "█"
        return Strip([Segment(sign, self.get_component_rich_style(f"text-map--{kind}"))])

    def on_mouse_down(self, event: MouseDown) -> None:
        self._pulled = True
        self.capture_mouse()
        self._jump(event.y)

    def on_mouse_move(self, event: MouseMove) -> None:
        if self._pulled:
            self._jump(event.y)

    def on_mouse_up(self, event: MouseUp) -> None:
        self._pulled = False
        self.release_mouse()

    def _jump(self, y: int) -> None:
        self.post_message(self.Jump(min(1.0, max(0.0, y / max(1, self.size.height - 1)))))
