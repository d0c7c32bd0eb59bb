"""The list of runs with its filter above and its heading; a click on a title sorts by it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Click, Key
from textual.message import Message
from textual.widgets import Input, Static

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.query import MAX_CHARACTERS, Query, QueryError, parse_query
from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_columns import (
    BY_FIELD,
    COLUMNS,
    column_at,
    heading,
    hidden_titles,
)
from minigpt_tui.tui.runs.run_rows import RunRows
from minigpt_tui.tui.widgets.repaint import entitle, put

EXAMPLES = "/ to filter: loss<2 state:completed lr>=1e-3 stories age<2d"
NOTHING_MATCHES = "No run matches. Esc clears the filter."


class RunTable(Vertical):
    """Posts `Changed` when another order or filter was chosen, `Selected` when another run was."""

    DEFAULT_CSS = """
    RunTable {
        Input, Input:focus { height: 1; border: none; padding: 0; background: $panel; }
        #fault { display: none; height: auto; max-height: 2; color: $error; }
        &.-faulty #fault { display: block; }
        #heading { height: 1; color: $foreground 60%; text-wrap: nowrap; }
        #no-match { display: none; height: auto; padding: 1 4; color: $foreground 70%; }
        &.-no-match #no-match { display: block; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "clear_filter", show=False)]

    @dataclass
    class Changed(Message):
        """To be remembered."""

        sort: str
        filter: str

    @dataclass
    class Selected(Message):
        """`by_hand` is not the selection that had to move because the list changed."""

        summary: RunSummary | None
        by_hand: bool

    def __init__(self, sort: str, filter: str, id: str | None = None) -> None:
        """`sort` is a field with a minus before it for descending order, as it is remembered."""
        super().__init__(id=id)
        field = sort.removeprefix("-")
        self.sorted_by = field if field in BY_FIELD else "age"
        self.descending = sort.startswith("-") and field in BY_FIELD
        self._filter = filter[:MAX_CHARACTERS]
        self._query = Query()
        self._all: Sequence[RunSummary] = ()

    def compose(self) -> ComposeResult:
        yield Input(self._filter, placeholder=EXAMPLES, id="filter", max_length=MAX_CHARACTERS)
        yield Static("", id="fault", markup=False)
        yield Static("", id="heading", markup=False)
        yield Static(NOTHING_MATCHES, id="no-match", markup=False)
        yield RunRows(id="rows")

    def on_mount(self) -> None:
        self._read_filter()

    @property
    def filter(self) -> Input:
        return self.query_one("#filter", Input)

    @property
    def rows(self) -> RunRows:
        return self.query_one(RunRows)

    @property
    def selected(self) -> RunSummary | None:
        return self.rows.selected

    def show(self, summaries: Sequence[RunSummary], selected: RunFolder | None) -> None:
        """Shows all runs that the filter lets through, in the chosen order."""
        self._all = summaries
        self._fill(selected)

    def focus_filter(self) -> None:
        self.filter.focus()

    def action_clear_filter(self) -> None:
        self.filter.value = ""
        self.rows.focus()

    def sort_by(self, field: str, descending: bool | None = None) -> None:
        """Sorts by a column, in the order in which one wants to see it if none is given."""
        self.sorted_by = field
        self.descending = BY_FIELD[field].descending if descending is None else descending
        self._fill(self._selected_run())
        self._tell()

    def sort_by_next(self) -> None:
        names = [column.field for column in COLUMNS]
        self.sort_by(names[(names.index(self.sorted_by) + 1) % len(names)])

    def reverse(self) -> None:
        self.sort_by(self.sorted_by, not self.descending)

    def draw_heading(self) -> None:
        """To be called too when the width has changed."""
        columns = self.rows.columns
        line = heading(columns, self.sorted_by, self.descending)
        put(self.query_one("#heading", Static), line, fixed=True)
        hidden = hidden_titles(columns) if columns and self._all else []
        entitle(self, subtitle=f"no room for {', '.join(hidden)}" if hidden else "")
        shown, there = len(self.rows.summaries), len(self._all)
        counted = f"{shown} of {there}" if shown < there else str(there)
        entitle(self, f"Runs ({counted})" if there else "Runs")

    def on_key(self, event: Key) -> None:
        """Arrows in the filter move in the list."""
        moves = {"down": ("move", 1), "up": ("move", -1)}
        moves |= {"pagedown": ("page", 1), "pageup": ("page", -1)}
        if event.key in moves and self.filter.has_focus:
            event.stop()
            event.prevent_default()
            name, amount = moves[event.key]
            getattr(self.rows, f"action_{name}")(amount)

    @on(RunRows.Selected)
    def _selected(self, event: RunRows.Selected) -> None:
        # Told anew: a message that was caused in a parent's handler does not pass the parent.
        event.stop()
        self.post_message(self.Selected(event.summary, event.by_hand))

    @on(Input.Changed, "#filter")
    def _filter_typed(self, event: Input.Changed) -> None:
        event.stop()
        self._read_filter()
        self._fill(self._selected_run())
        self._tell()

    @on(Input.Submitted, "#filter")
    def _filter_done(self, event: Input.Submitted) -> None:
        event.stop()
        self.rows.focus()

    def on_click(self, event: Click) -> None:
        title = self.query_one("#heading", Static)
        if event.widget is not title:
            return
        offset = event.get_content_offset(title)
        column = column_at(self.rows.columns, offset.x) if offset is not None else None
        if column is not None and column.field == self.sorted_by:
            self.reverse()
        elif column is not None:
            self.sort_by(column.field)

    def _read_filter(self) -> None:
        """Takes up the filter; a fault is explained, and what stands before it filters."""
        typed = self.filter.value
        fault = Content("")
        try:
            self._query = parse_query(typed)
        except QueryError as error:
            self._query = error.before
            faulty = visible(typed[error.start : error.end])
            fault = Content.assemble(
                (f"at {error.start + 1}: ", "$foreground 70%"),
                (faulty, "underline"),
                f"  {visible(str(error))}",
            )
        self.set_class(bool(fault.plain), "-faulty")
        put(self.query_one("#fault", Static), fault)

    def _fill(self, selected: RunFolder | None) -> None:
        found = [summary for summary in self._all if self._query.matches(summary.fact)]
        self.set_class(bool(self._all) and not found, "-no-match")
        ordered = in_order(found, self.sorted_by, self.descending)
        self.rows.show(ordered, selected, self.sorted_by)
        self.draw_heading()

    def _selected_run(self) -> RunFolder | None:
        return self.selected.run if self.selected is not None else None

    def _tell(self) -> None:
        sort = ("-" if self.descending else "") + self.sorted_by
        self.post_message(self.Changed(sort, self.filter.value))


def in_order(
    summaries: Sequence[RunSummary], field: str, descending: bool = False
) -> list[RunSummary]:
    """Sorted by a column: pinned runs first, those without a value last, in either direction."""

    def key(summary: RunSummary) -> tuple[float, str]:
        value = summary.fact(field)
        if isinstance(value, tuple):
            value = value[0]
        return (0.0, value.casefold()) if isinstance(value, str) else (float(value or 0), "")

    ordered = sorted(summaries, key=key, reverse=descending)
    return sorted(ordered, key=lambda summary: (not summary.pinned, _unknown(summary, field)))


def _unknown(summary: RunSummary, field: str) -> bool:
    value = summary.fact(field)
    return value is None or value == "" or (isinstance(value, float) and math.isnan(value))
