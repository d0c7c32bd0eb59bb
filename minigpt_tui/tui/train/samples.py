"""What a model writes while it learns, the newest first, as rows that are drawn only where they
changed: a text in a scrolling container has the whole screen laid out three times a sample."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import MouseScrollDown, MouseScrollUp

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_view import Sample
from minigpt_tui.tui.widgets.drawn_rows import DrawnRows
from minigpt_tui.tui.widgets.repaint import entitle

WHEEL_ROWS = 3


class Samples(DrawnRows, can_focus=True):
    """Rows of all samples; the keys and the wheel move through them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "scroll_rows(-1)", "Up", show=False),
        Binding("down", "scroll_rows(1)", "Down", show=False),
        Binding("pageup", "scroll_pages(-1)", "Page up", show=False),
        Binding("pagedown", "scroll_pages(1)", "Page down", show=False),
        Binding("home", "scroll_rows(-1000000)", "To the newest", show=False),
        Binding("end", "scroll_rows(1000000)", "To the oldest", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._samples: Sequence[Sample] = ()
        self._text = Content("")
        self._wrapped: list[Content] = []
        self._first = 0
        """The row of the whole that stands at the top."""

    def show(self, samples: Sequence[Sample], where_none: str) -> None:
        """Shows the samples from the newest on, or the sentence that says why there is none."""
        self._samples = samples
        parts: list[Content] = []
        for place, sample in enumerate(samples):
            if place:
                parts.append(Content.styled(f"\nafter step {sample.step:,}", "dim"))
            parts.append(_written(sample))
        self._text = Content("\n").join(parts) if parts else Content.styled(where_none, "dim")
        self._first = 0
        self._wrap()
        self.redraw()

    def rows_now(self) -> Sequence[Content]:
        return self._wrapped[self._first : self._first + self.size.height]

    def on_resize(self) -> None:
        self._wrap()
        super().on_resize()

    def action_scroll_rows(self, rows: int) -> None:
        self._first += rows
        self._keep_inside()
        self.redraw()

    def action_scroll_pages(self, pages: int) -> None:
        self.action_scroll_rows(pages * max(self.size.height - 1, 1))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        event.stop()
        self.action_scroll_rows(-WHEEL_ROWS)

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        event.stop()
        self.action_scroll_rows(WHEEL_ROWS)

    def _wrap(self) -> None:
        self._wrapped = self._text.wrap(max(self.size.width, 1))
        self._keep_inside()

    def _keep_inside(self) -> None:
        last = max(len(self._wrapped) - self.size.height, 0)
        self._first = min(max(self._first, 0), last)
        newest = f"after step {self._samples[0].step:,}" if self._samples else ""
        below = f"↓ {last - self._first} more" if last > self._first else ""
        entitle(self, subtitle="  ".join(filter(None, (newest, below))))


def _written(sample: Sample) -> Content:
    """The prompt bold, what the model wrote plain; both safe for a terminal."""
    return Content.assemble(
        (visible(sample.prompt, keep_newlines=True), "bold"),
        visible(sample.text, keep_newlines=True).strip("\n") or "(it wrote nothing)",
    )
