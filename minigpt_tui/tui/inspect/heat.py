"""Rows of numbers as shades: the sign says how much, also where there are no colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from textual.content import Content

Floats = NDArray[np.float64]

SHADES = "·░▒▓█"
THRESHOLDS = (0.04, 0.15, 0.35, 0.6)
"""From these shares on, the next sign; below the first there is next to nothing."""
_STYLES = ("$foreground 30%", "$primary 60%", "$primary 75%", "$primary 90%", "$primary bold")
_CURSOR = "reverse bold"


def legend(width: int) -> Content:
    """The signs with what they stand for, closer together where there are few cells."""
    bounds = [0.0, *THRESHOLDS]
    words = ["less", *(f"≥{bound:.0%}" for bound in bounds[1:])]
    roomy, tight = (
        Content(between).join(
            Content.assemble((sign, style), gap, word)
            for sign, style, word in zip(SHADES, _STYLES, words, strict=True)
        )
        for between, gap in (("  ", " "), (" ", ""))
    )
    return roomy if roomy.cell_length <= width else tight


def heat_row(
    values: Sequence[float] | Floats, cell: int = 1, cursor: int | None = None, faint: bool = True
) -> Content:
    """Shares from 0 to 1, `cell` cells each; the one at `cursor` is set apart.

    NaN is blank, and so is next to nothing unless `faint`.
    """
    shares = np.asarray(values, dtype=np.float64)
    levels = np.searchsorted(THRESHOLDS, np.nan_to_num(shares), side="right")
    empty = np.isnan(shares) if faint else np.isnan(shares) | (levels == 0)
    levels = np.where(empty, -1, levels)
    parts: list[tuple[str, str]] = []
    start = 0
    for end in range(1, len(levels) + 1):
        same = end < len(levels) and levels[end] == levels[start]
        if same and cursor not in (start, end):
            continue
        sign = " " if levels[start] < 0 else SHADES[levels[start]]
        style = "" if levels[start] < 0 else _STYLES[levels[start]]
        if start == cursor:
            style = _CURSOR
            sign = "·" if sign == " " else sign
        parts.append((sign * cell * (end - start), style))
        start = end
    return Content.assemble(*parts)


def pooled(picture: Floats, height: int, width: int) -> Floats:
    """A smaller picture [≤ height, ≤ width]: the largest value of each patch of [rows, columns]."""
    rows, columns = picture.shape
    for axis, length, most in ((0, rows, height), (1, columns, width)):
        if length > most:
            edges = np.linspace(0, length, most + 1).astype(np.int64)[:-1]
            picture = np.maximum.reduceat(picture, edges, axis=axis)
    return picture
