"""The lines of the list of runs: one is selected, only the visible ones are drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.tui.pane import while_there
from minigpt_tui.tui.runs.run_columns import Placed, placed_columns, row, row_texts


class RunRows(ScrollView, can_focus=True):
    """Posts `Selected` when another run is selected, by key, mouse, or because it moved up."""

    DEFAULT_CSS = """
    RunRows {
        height: 1fr; background: $background; overflow-x: hidden;
        scrollbar-size-vertical: 1; scrollbar-gutter: stable;
        &> .run-rows--selected { background: $primary 15%; text-style: bold; }
        &:focus > .run-rows--selected { background: $primary 32%; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"run-rows--selected"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "go_to(0)", show=False),
        Binding("end", "go_to(-1)", show=False),
    ]

    @dataclass
    class Selected(Message):
        summary: RunSummary | None
        by_hand: bool

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.summaries: Sequence[RunSummary] = ()
        self.columns: list[Placed] = []
        self.place = 0
        """The row of the selected run."""
        self.marked: RunFolder | None = None
        self._sorted_by = "age"
        self._texts: list[tuple[object, ...]] = []

    @property
    def selected(self) -> RunSummary | None:
        return self.summaries[self.place] if self.summaries else None

    def show(
        self, summaries: Sequence[RunSummary], selected: RunFolder | None, sorted_by: str
    ) -> None:
        """Shows these runs in this order. Where `selected` is not among them, the selection stays
        at its height in the list."""
        before = self.selected
        if self._sorted_by != sorted_by:
            self._sorted_by = sorted_by
            self.columns = placed_columns(self.scrollable_content_region.width, sorted_by)
            self._texts = []
        place = next((i for i, s in enumerate(summaries) if s.run == selected), self.place)
        moved = place != self.place or len(summaries) != len(self.summaries)
        self.summaries = summaries
        self.place = max(min(place, len(summaries) - 1), 0)
        self.virtual_size = Size(self.scrollable_content_region.width, len(summaries))
        texts = [(*row_texts(s).values(), s.pinned) for s in summaries]
        if moved:
            self.refresh()
            self.call_after_refresh(while_there(self, self._keep_in_sight))
        else:
            before_texts = dict(enumerate(self._texts))
            self._refresh_rows([i for i, text in enumerate(texts) if text != before_texts.get(i)])
        self._texts = texts
        if self.selected != before:
            self.post_message(self.Selected(self.selected, by_hand=False))

    def mark(self, run: RunFolder | None) -> None:
        """Marks a run; the one that was marked before is not any more."""
        self.marked = run
        self.refresh()

    def action_move(self, rows: int) -> None:
        self._select(self.place + rows)

    def action_page(self, pages: int) -> None:
        self._select(self.place + pages * max(self.scrollable_content_region.height - 1, 1))

    def action_go_to(self, row: int) -> None:
        self._select(row % max(len(self.summaries), 1))

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.y + self.scroll_offset.y < len(self.summaries):
            self._select(offset.y + self.scroll_offset.y)

    def on_resize(self) -> None:
        self.columns = placed_columns(self.scrollable_content_region.width, self._sorted_by)
        self.virtual_size = Size(self.scrollable_content_region.width, len(self.summaries))
        self.refresh()
        self.call_after_refresh(while_there(self, self._keep_in_sight))

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        width = self.size.width
        if index >= len(self.summaries):
            return Strip.blank(width, self.rich_style)
        summary, selected = self.summaries[index], index == self.place
        line = row(summary, self.columns, selected=selected, marked=summary.run == self.marked)
        style = self.get_visual_style("run-rows--selected") if selected else self.visual_style
        strip = Visual.to_strips(self, line, width, 1, style, pad=True)[0]
        return strip.extend_cell_length(width, style.rich_style).crop(0, width)

    def _select(self, place: int) -> None:
        place = max(min(place, len(self.summaries) - 1), 0)
        if place == self.place or not self.summaries:
            return
        before, self.place = self.place, place
        self._refresh_rows([before, place])
        self._keep_in_sight()
        self.post_message(self.Selected(self.selected, by_hand=True))

    def _refresh_rows(self, rows: Sequence[int]) -> None:
        top, width = self.scroll_offset.y, self.size.width
        regions = [Region(0, i - top, width, 1) for i in rows if 0 <= i - top < self.size.height]
        if regions:
            self.refresh(*regions)

    def _keep_in_sight(self) -> None:
        self.scroll_to_region(Region(0, self.place, 1, 1), animate=False, force=True)
