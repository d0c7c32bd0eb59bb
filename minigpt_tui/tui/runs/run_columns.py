"""The columns of the list of runs: which fit into a width, and what stands in them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_choice import age_in_words
from minigpt_tui.tui.runs.run_words import STATE_MARKS
from minigpt_tui.tui.widgets.numbers import short_count

GUTTER = 4
"""Cells before the first column: ▸ the selected run, ★ a pinned one, ◆ the marked one."""
_GAP = 2


@dataclass(frozen=True)
class Column:
    """`field` is the name in a query. `widest` is how far the column grows where there is room."""

    field: str
    title: str
    width: int
    widest: int
    right: bool = False
    descending: bool = False
    """The order in which one wants to see it first."""


COLUMNS = (
    Column("state", "state", 14, 14),
    Column("name", "name", 18, 32),
    Column("corpus", "corpus", 11, 20),
    Column("shape", "shape", 13, 13),
    Column("parameters", "params", 7, 7, right=True, descending=True),
    Column("loss", "loss", 6, 6, right=True),
    Column("bits_per_byte", "bits/B", 6, 6, right=True),
    Column("tokens_per_second", "tokens/s", 8, 8, right=True, descending=True),
    Column("age", "age", 8, 8, right=True),
)
BY_FIELD = {column.field: column for column in COLUMNS}
# What goes first where the width is short stands last.
_NEEDED = ("name", "state", "loss", "age", "shape", "corpus", "parameters", "bits_per_byte")
_ORDER = (*_NEEDED, "tokens_per_second")


@dataclass(frozen=True)
class Placed:
    """A column with the cells that it has in this width."""

    column: Column
    width: int

    def fit(self, text: str) -> str:
        """The text, cut or padded to the width, on its side of the column."""
        if cell_len(text) > self.width:
            text = set_cell_size(text, self.width - 1).rstrip() + "…"
        space = " " * (self.width - cell_len(text))
        return space + text if self.column.right else text + space


def placed_columns(width: int, sorted_by: str) -> list[Placed]:
    """The columns that fit into `width` cells, from left to right; what is left widens the texts.

    The sorted one always stays, and the others go in a fixed order: speed first, the name never.
    """
    room = width - GUTTER + _GAP
    chosen: set[str] = set()
    for field in dict.fromkeys((_ORDER[0], sorted_by, *_ORDER)):
        if (need := BY_FIELD[field].width + _GAP) > room:
            break
        room -= need
        chosen.add(field)
    widths = {}
    for field in ("name", "corpus"):
        column = BY_FIELD[field]
        extra = min(room, column.widest - column.width) if field in chosen else 0
        widths[field] = column.width + extra
        room -= extra
    return [
        Placed(column, widths.get(column.field, column.width))
        for column in COLUMNS
        if column.field in chosen
    ]


def hidden_titles(columns: Sequence[Placed]) -> list[str]:
    """The titles of the columns that found no room."""
    shown = {placed.column for placed in columns}
    return [column.title for column in COLUMNS if column not in shown]


def heading(columns: Sequence[Placed], sorted_by: str, descending: bool) -> Content:
    """The titles; the sorted one with its direction."""
    cells = []
    for placed in columns:
        title = placed.column.title
        if placed.column.field == sorted_by:
            arrow = "▼" if descending else "▲"
            title = f"{arrow}{title}" if placed.column.right else f"{title} {arrow}"
            cells.append(Content.styled(placed.fit(title), "bold $foreground"))
        else:
            cells.append(Content(placed.fit(title)))
    return Content(" " * GUTTER) + Content(" " * _GAP).join(cells)


def column_at(columns: Sequence[Placed], x: int) -> Column | None:
    """The column under a cell of the heading, counted from its left edge."""
    left = GUTTER
    for placed in columns:
        if left <= x < left + placed.width:
            return placed.column
        left += placed.width + _GAP
    return None


def row_texts(summary: RunSummary) -> dict[str, str]:
    """What stands in each column, by field; safe to show."""
    age = summary.fact("age")
    assert isinstance(age, float)
    return {
        "state": state_text(summary),
        "name": visible(summary.run.name),
        "corpus": visible(summary.corpus),
        "shape": summary.shape,
        "parameters": _number(summary, "parameters", short_count),
        "loss": _number(summary, "loss", lambda loss: f"{loss:.3f}" if loss < 100 else "large"),
        "bits_per_byte": _number(summary, "bits_per_byte", lambda bits: f"{bits:.3f}"),
        "tokens_per_second": _number(summary, "tokens_per_second", short_count),
        "age": age_in_words(age),
    }


def state_text(summary: RunSummary) -> str:
    """`✓ completed`, `● training 45%`."""
    status = summary.status
    mark, _ = STATE_MARKS.get(status.state, ("?", ""))
    if status.live and status.total_steps:
        share = min(status.step / status.total_steps, 1.0)
        return f"{mark} {status.state} {100 * share:.0f}%"
    return f"{mark} {status.state}"


def row(summary: RunSummary, columns: Sequence[Placed], *, selected: bool, marked: bool) -> Content:
    """A run as a line of the list."""
    texts = row_texts(summary)
    _, colour = STATE_MARKS.get(summary.status.state, ("?", "$foreground"))
    styles = {"state": colour, "corpus": "$foreground 70%", "age": "$foreground 70%"}
    cells = [
        Content.styled(placed.fit(texts[placed.column.field]), styles.get(placed.column.field, ""))
        for placed in columns
    ]
    gutter = Content.assemble(
        ("▸" if selected else " ", "bold"),
        ("★" if summary.pinned else " ", "$warning"),
        ("◆ " if marked else "  ", "$accent"),
    )
    return gutter + Content(" " * _GAP).join(cells)


def _number(summary: RunSummary, field: str, words: Callable[[float], str]) -> str:
    value = summary.fact(field)
    return words(value) if isinstance(value, float | int) else "–"
