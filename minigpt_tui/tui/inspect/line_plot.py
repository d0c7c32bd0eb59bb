"""A plot of a few rows: lines in braille, the two ends of the scale named, a cursor column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

from minigpt_tui.tui.plot import braille

Floats = NDArray[np.float64]
GUTTER = 8
_CURSOR_STYLE = "reverse"


@dataclass(frozen=True, eq=False)
class Curve:
    """A line through points; `x` are shares of the width (0 to 1, ascending), `y` any numbers."""

    x: Floats
    y: Floats
    style: str = "$primary"
    points: str = ""  # the sign of each point; empty: a line


def line_plot(
    curves: Sequence[Curve],
    width: int,
    height: int,
    low: float,
    high: float,
    cursor: float | None = None,
    digits: int = 2,
) -> list[Content]:
    """`height` lines of `width` cells; `cursor` is a share of the width.

    What lies outside `low` to `high` is drawn at the edge; points that are no numbers are left out.
    """
    wide = max(2, width - GUTTER)
    signs = np.full((height, wide), ord(" "), dtype=np.uint32)
    styles = np.full((height, wide), -1)
    for number, curve in enumerate(curves):
        known = np.isfinite(curve.y)
        share = (high - np.clip(curve.y[known], low, high)) / ((high - low) or 1.0)
        if curve.points:
            rows = np.round(share * (height - 1)).astype(np.int64)
            columns = np.round(curve.x[known] * (wide - 1)).astype(np.int64)
            signs[rows, columns], styles[rows, columns] = ord(curve.points), number
            continue
        x = curve.x[known] * (2 * wide - 1)
        drawn = braille.characters(braille.line_dots(x, share * (4 * height - 1), wide, height))
        there = drawn != braille.BLANK
        signs[there], styles[there] = drawn[there], number
    at = None if cursor is None else round(cursor * (wide - 1))
    lines = []
    for row in range(height):
        label = ""
        if row == 0:
            label = f"{high:.{digits}f}"
        elif row == height - 1:
            label = f"{low:.{digits}f}"
        parts = [(f"{label:>{GUTTER - 2}} ┤", "$foreground 60%")]
        for column in range(wide):
            number = int(styles[row, column])
            style = curves[number].style if number >= 0 else ""
            parts.append((chr(signs[row, column]), _CURSOR_STYLE if column == at else style))
        lines.append(Content.assemble(*parts))
    return lines
