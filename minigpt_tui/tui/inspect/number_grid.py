"""A grid of signed numbers whose shades show their size: what stands out is seen first."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from textual.content import Content

from minigpt_tui.tui.inspect.heat import Floats
from minigpt_tui.tui.inspect.view import first_shown

CELL = 8


def number_grid(
    rows: Sequence[str],
    columns: Sequence[str | Content],
    values: Floats,
    cursor: tuple[int, int] | None,
    width: int,
    height: int,
    digits: int = 3,
    cell: int = CELL,
) -> list[Content]:
    """A heading and one line a row of `values` [rows, columns]; NaN is a dash.

    Where not all fit, those around the cursor are shown, with an arrow at the edge that goes on.
    A column −1 follows the cursor's row without marking a number.
    """
    gutter = max(len(row) for row in rows) + 1
    room, deep = max(1, (width - gutter - 1) // cell), max(1, height - 1)
    at_row, at_column = cursor or (0, 0)
    left, top = first_shown(at_column, len(columns), room), first_shown(at_row, len(rows), deep)
    across = range(left, min(len(columns), left + room))
    largest = float(np.nanmax(np.abs(values))) if np.isfinite(values).any() else 0.0
    heading = [_right(columns[column], cell) for column in across]
    arrows = ("◀" if left else " ") + ("▲" if top else " ")
    lines = [
        Content.assemble(
            (arrows.ljust(gutter), "$foreground 60%"),
            *(part.stylize("$foreground 80%") for part in heading),
            ("▶" if left + room < len(columns) else "", "$foreground 60%"),
        )
    ]
    for row in range(top, min(len(rows), top + deep)):
        parts: list[Content | tuple[str, str]] = [(rows[row].ljust(gutter), "bold")]
        for column in across:
            value = float(values[row, column])
            # Zero is added so that what rounds to nothing has no minus.
            text = "–" if np.isnan(value) else f"{round(value, digits) + 0.0:+.{digits}f}"
            share = 0.0 if np.isnan(value) or not largest else abs(value) / largest
            chosen = cursor == (row, column)
            parts.append((text.rjust(cell), _style(value, share) + (" reverse" if chosen else "")))
        lines.append(Content.assemble(*parts))
    return lines


def _style(value: float, share: float) -> str:
    if share < 0.1:
        return "$foreground 50%"
    colour = "$primary" if value > 0 else "$accent"
    return f"{colour} bold" if share >= 0.5 else colour


def _right(column: str | Content, width: int) -> Content:
    label = column if isinstance(column, Content) else Content(column)
    label = label.truncate(width - 1, ellipsis=True)
    return Content.assemble(" " * (width - label.cell_length), label)
