"""The empty frame of a plot, drawn by plotext: axes, ticks and labels for given limits and size.

plotext draws this well and slowly, so only this file calls it, only when a size or a limit is new,
and the curves are laid over what it drew. It is imported with the first frame (0.1 s).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from minigpt_tui.tui.plot.cells import Cells, Role
from minigpt_tui.tui.plot.plot_limits import Axis, loss_labels, place_ticks, ticks

MIN_WIDTH, MIN_HEIGHT = 24, 6  # below these the curves get the room of the axes


@dataclass(frozen=True, eq=False)
class PlotFrame:
    """Cells of a frame and the area inside it, in cells. Shared by a cache: never drawn on.

    A value lies at the middle of the first column (row) when it is the lower (upper) limit, and at
    the middle of the last one when it is the other limit.
    """

    cells: Cells
    left: int
    top: int
    width: int
    height: int


@lru_cache(maxsize=16)
def plot_frame(width: int, height: int, x: Axis, y: Axis, kind: str = "step") -> PlotFrame:
    """The frame of `width` × `height` cells; without axes if it is too small for them.

    `kind` is what the x axis counts, one of `plot_clock.KINDS`.
    """
    if width < MIN_WIDTH or height < MIN_HEIGHT:
        return PlotFrame(Cells.blank(width, height), 0, 0, width, height)
    y_ticks = ticks(y, max(3, round((height - 2) / 3.5)))
    x_ticks, x_labels, unit = place_ticks(x, max(2, width // 14), kind)
    lines = _drawn_by_plotext(width, height, x, y, x_ticks, x_labels, y_ticks)

    corner_row = height - 2
    corner = lines[corner_row].index("└")
    cells = Cells.blank(width, height)
    for row, line in enumerate(lines):
        cells.characters[row] = np.frombuffer(line.encode("utf-32-le"), dtype="<u4")
    cells.roles[:] = Role.LABEL
    cells.roles[:corner_row, corner] = Role.AXIS
    cells.roles[corner_row, corner:] = Role.AXIS
    cells.write(0, height - 1, unit, Role.LABEL)  # the corner under the y labels is free
    return PlotFrame(cells, corner + 1, 0, width - corner - 1, corner_row)


def _drawn_by_plotext(
    width: int,
    height: int,
    x: Axis,
    y: Axis,
    x_ticks: tuple[float, ...],
    x_labels: tuple[str, ...],
    y_ticks: tuple[float, ...],
) -> list[str]:
    import plotext

    plotext.terminal.limit(False, False)  # the widget's size counts, not the terminal's
    figure = plotext.figure  # one for the whole process, so everything is set anew
    figure.clear()
    figure.plot_size(width, height)
    figure.axes(False, axis="x", side="upper")
    figure.axes(False, axis="y", side="right")
    # plotext takes no logarithm of limits when ticks are given, so it gets fractions of the axis.
    for name, side, axis, at, labels in (
        ("x", "lower", x, x_ticks, x_labels),
        ("y", "left", y, y_ticks, loss_labels(y_ticks)),
    ):
        ruler = figure.ruler(name, side)
        ruler.alignment(lim="center")
        ruler.lim(0.0, 1.0)
        ruler.ticks([axis.fraction(value) for value in at], list(labels))
    lines: list[str] = figure.build().string(colorless=True).split("\n")
    lines = [line.ljust(width)[:width] for line in lines[:height]]
    assert len(lines) == height, "plotext drew another size than was asked for"
    return lines
