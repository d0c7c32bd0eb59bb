"""Lines and bands as braille dots: numpy arrays in, one character a cell out.

A cell holds 2 × 4 dots, so a canvas of `width` × `height` cells has 2·width dot columns and
4·height dot rows. Positions are floats in dots, x to the right and y downwards; what lies outside
the canvas is left out. A whole canvas costs some tenths of a millisecond, whatever was drawn.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Dots = NDArray[np.bool_]
Characters = NDArray[np.uint32]

BLANK = ord(" ")
FIRST_BRAILLE = 0x2800

# Unicode numbers the dots of a braille cell down the left column, then down the right one; the
# fourth row came later and took the last two bits.
_BITS = ((0, 3), (1, 4), (2, 5), (6, 7))


def line_dots(x: Floats, y: Floats, width: int, height: int) -> Dots:
    """The polyline through the points (x ascending), one dot thick.

    Returns dots [4·height, 2·width]. Where several points share a dot column, the line covers all
    of their range, so that no spike is lost.
    """
    low, high = column_ranges(x, y, 2 * width)
    return _filled(*_joined(low, high), 4 * height)


def band_dots(x: Floats, top: Floats, bottom: Floats, width: int, height: int) -> Dots:
    """Everything between two polylines over the same x (ascending), both edges included.

    `top` is the smaller y, since y grows downwards. Returns dots [4·height, 2·width].
    """
    low, _ = column_ranges(x, top, 2 * width)
    _, high = column_ranges(x, bottom, 2 * width)
    return _filled(*_joined(low, high), 4 * height)


def column_ranges(x: Floats, y: Floats, columns: int) -> tuple[Floats, Floats]:
    """The smallest and largest y of a polyline within each dot column: two arrays [columns].

    NaN where the line does not reach. Between points that are more than a column apart, the line
    is read at the middle of each column.
    """
    low, high = np.full(columns, np.inf), np.full(columns, -np.inf)
    if len(x):
        column = np.floor(x).astype(np.int64)
        inside = (column >= 0) & (column < columns)
        np.minimum.at(low, column[inside], y[inside])
        np.maximum.at(high, column[inside], y[inside])
        between = np.flatnonzero(np.isinf(low))
        middles = between + 0.5
        between = between[(middles >= x[0]) & (middles <= x[-1])]
        low[between] = high[between] = np.interp(between + 0.5, x, y)
    nowhere = np.isinf(low)
    low[nowhere] = high[nowhere] = np.nan
    return low, high


def characters(dots: Dots) -> Characters:
    """The code point of each cell of dots [4·height, 2·width]: [height, width], blank if empty."""
    lit = dots.view(np.uint8)
    bits = np.zeros((dots.shape[0] // 4, dots.shape[1] // 2), dtype=np.uint8)
    for row, (left, right) in enumerate(_BITS):
        bits |= lit[row::4, 0::2] << np.uint8(left)
        bits |= lit[row::4, 1::2] << np.uint8(right)
    return np.where(bits == 0, np.uint32(BLANK), bits + np.uint32(FIRST_BRAILLE))


def _joined(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """Dot rows, with neighbouring columns grown towards each other until they touch."""
    low, high = np.floor(low), np.floor(high)
    first, last = low.copy(), high.copy()
    with np.errstate(invalid="ignore"):
        falls = low[1:] > high[:-1] + 1  # the next column lies wholly below this one
        rises = low[:-1] > high[1:] + 1
    half = np.floor((high[:-1] + low[1:]) / 2)
    last[:-1][falls] = half[falls]
    first[1:][falls] = half[falls] + 1
    half = np.floor((low[:-1] + high[1:]) / 2)
    first[:-1][rises] = np.minimum(first[:-1], half + 1)[rises]  # it may have grown already
    last[1:][rises] = np.maximum(last[1:], half)[rises]
    return first, last


def _filled(first: Floats, last: Floats, rows: int) -> Dots:
    row: NDArray[Any] = np.arange(rows, dtype=np.int16)[:, np.newaxis]
    nowhere = np.isnan(first)
    top = np.where(nowhere, rows, np.clip(first, -1, rows)).astype(np.int16)
    bottom = np.where(nowhere, -1, np.clip(last, -1, rows)).astype(np.int16)
    filled: Dots = (row >= top) & (row <= bottom)
    return filled
