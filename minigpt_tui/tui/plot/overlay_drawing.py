"""The curves of other runs in a plot: broken lines, each with its pattern, colour and letter."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.tui.plot import braille
from minigpt_tui.tui.plot.cells import Cells
from minigpt_tui.tui.plot.loss_legend import Overlay
from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.plot_places import cell_at, dots_at

Floats = NDArray[np.float64]

LETTER_DISTANCE = 36  # cells between two letters on a curve

# Which dot columns of a line are drawn: the runs stay apart where colours do not show.
PATTERNS: tuple[tuple[int, ...], ...] = (
    (1, 1, 1, 1, 1, 1, 0, 0),
    (1, 1, 0, 0),
    (1, 1, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0),
    (1, 0, 0, 0),
    (1, 1, 1, 1, 0, 0, 0, 0),
    (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0),
)


def draw_overlays(inside: Cells, overlays: Sequence[Overlay], kind: str, x: Axis, y: Axis) -> None:
    """The smoothed loss of each run; the first ones lie on top."""
    size = inside.characters.shape
    for overlay in reversed(overlays):
        curve = overlay.curve
        samples = curve.samples(kind, x, size[1])
        places = curve.place(kind, samples.steps)
        dots = dashed_line(places, samples.ema, x, y, size, PATTERNS[overlay.slot])
        inside.lay(0, 0, braille.characters(dots), overlay.role)


def draw_letters(inside: Cells, overlays: Sequence[Overlay], kind: str, x: Axis, y: Axis) -> None:
    """The letter of each run on its curve: at its end, and now and then before."""
    height, width = inside.characters.shape
    for overlay in overlays:
        samples = overlay.curve.samples(kind, x, width)
        if not len(samples.steps):
            continue
        columns = 0.5 + x.fractions(overlay.curve.place(kind, samples.steps)) * (width - 1)
        column = min(int(columns[-1]), width - 1)
        while column >= max(columns[0], 0):
            value = float(np.interp(column, columns, samples.ema))
            if y.contains(value):
                row = cell_at(1 - y.fraction(value), height)
                inside.write(column, row, overlay.letter, overlay.role)
            column -= LETTER_DISTANCE + 5 * overlay.slot  # letters of equal runs stay apart


def dashed_line(
    places: Floats,
    values: Floats,
    x: Axis,
    y: Axis,
    size: tuple[int, ...],
    pattern: tuple[int, ...],
) -> NDArray[np.bool_]:
    """A line through values at places of the x axis as dots, in an area of (height, width) cells;
    of its dot columns those that the pattern lets through."""
    height, width = size
    at = dots_at(x.fractions(places), 2, width), dots_at(1 - y.fractions(values), 4, height)
    dots = braille.line_dots(*at, width, height)
    dots[:, ~np.resize(np.array(pattern, dtype=bool), 2 * width)] = False
    return dots
