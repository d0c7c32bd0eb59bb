"""A small plot below the loss: a line on its own scale, limits at the left, its value above."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.tui.plot import braille
from minigpt_tui.tui.plot.cells import Cells, Role
from minigpt_tui.tui.plot.plot_limits import Axis, robust_range, short_step
from minigpt_tui.tui.plot.plot_places import dots_at
from minigpt_tui.tui.plot.series import Samples

Floats = NDArray[np.float64]

MIN_ROWS = 3  # its name and two rows of dots


def draw_small(
    cells: Cells,
    top: int,
    rows: int,
    left: int,
    width: int,
    name: str,
    value: float | None,
    x: Floats,
    samples: Samples,
) -> None:
    """Draws it on the rows from `top` on and the columns of the plot above, which begin at `left`.

    `x` are the fractions of the common axis at which the samples lie.
    """
    cells.write(left, top, f"{name} ", Role.LABEL)
    shown = "not recorded" if value is None else figure(value)
    cells.write(left + len(name) + 1, top, shown, Role.VALUE)
    height = rows - 1
    if left:
        cells.characters[top + 1 : top + rows, left - 1] = ord("│")
        cells.roles[top + 1 : top + rows, left - 1] = Role.AXIS
    spread = robust_range(samples.low, samples.high, np.empty(0), samples.ema[-1:].tolist())
    if spread is None:
        return
    y = _limits(*spread)
    # From the first dot to the last one, for there are few rows of them.
    low, high = (
        np.clip(0.5 + (1 - y.fractions(edge)) * (4 * height - 1), -1e6, 1e6)
        for edge in (samples.high, samples.low)
    )
    dots = braille.band_dots(dots_at(x, 2, width), low, high, width, height)
    cells.lay(left, top + 1, braille.characters(dots), Role.SMALL)
    for row, limit in ((top + 1, y.upper), (top + rows - 1, y.lower)):
        label = figure(limit, digits=2)
        if len(label) < left:
            cells.write(left - 1 - len(label), row, label, Role.LABEL)


def figure(value: float, digits: int = 3) -> str:
    """A figure in few cells: `3e-4`, `0.82`, `12.1k`, `nan`."""
    size = abs(value)
    if not math.isfinite(value):
        return str(value)
    if size >= 1000:
        return short_step(float(f"{value:.{digits}g}"))
    if size == 0 or size >= 0.01:
        return f"{value:.{digits}g}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{float(mantissa):g}e{int(exponent)}"


def _limits(lower: float, upper: float) -> Axis:
    """Limits of two digits around a range, which keep still while a run goes on: from zero where
    that does not flatten the curve, and with room around a constant."""
    if 0 <= lower < 0.5 * upper:
        lower = 0.0
    size = max(abs(lower), abs(upper), 1e-9)
    digit = 10.0 ** (math.floor(math.log10(size)) - 1)
    lower, upper = digit * math.floor(lower / digit), digit * math.ceil(upper / digit)
    if upper - lower < 0.5 * digit:
        lower, upper = lower - digit, upper + digit
    return Axis(lower, upper)
