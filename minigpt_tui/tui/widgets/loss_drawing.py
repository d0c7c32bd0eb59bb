"""The picture of a loss plot as cells: a pure function of the curves, the axes and the size."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets import braille
from minigpt_tui.tui.widgets.cells import LIT, Cells, Role
from minigpt_tui.tui.widgets.loss_legend import fitting_legend
from minigpt_tui.tui.widgets.plot_data import PlotData, best_value, read_at
from minigpt_tui.tui.widgets.plot_frame import PlotFrame, plot_frame
from minigpt_tui.tui.widgets.plot_limits import Axis
from minigpt_tui.tui.widgets.series import Samples, finite

Floats = NDArray[np.float64]

MIN_HEIGHT_WITH_LEGEND = 4

POINT, BEST, EVENT, CURSOR = "●", "★", "◆", "▲"
DASH = "╌"
MARK_DISTANCE = 4  # cells between two validation points, so that they stay points


@dataclass(frozen=True)
class View:
    """How the curves are looked at: the size in cells, the axes, the smoothing, the cursor."""

    width: int
    height: int
    x: Axis
    y: Axis
    span: int
    cursor: int | None = None


def draw(data: PlotData, samples: Samples, view: View) -> Cells:
    """The whole widget: the legend line, then the frame with the curves in it."""
    cells = Cells.blank(view.width, view.height)
    legend_rows = 1 if view.height >= MIN_HEIGHT_WITH_LEGEND else 0
    if legend_rows:
        reading = read_at(data, samples, view.cursor)
        happened = _kinds_at(data, view)
        legend = fitting_legend(reading, view.span, view.y.log, view.cursor, happened, view.width)
        column = 0
        for text, role in legend:
            cells.write(column, 0, text, role)
            column += len(text)

    frame = plot_frame(view.width, view.height - legend_rows, view.x, view.y)
    inside = Cells.blank(frame.width, frame.height)
    _references(inside, data, view, labels=False)
    drawn = _curves(inside, data, samples, view)
    _references(inside, data, view, labels=True, avoid=drawn)
    _marks(inside, data, samples, view)

    cells.characters[legend_rows:] = frame.cells.characters
    cells.roles[legend_rows:] = frame.cells.roles
    top = legend_rows + frame.top
    area = np.s_[top : top + frame.height, frame.left : frame.left + frame.width]
    cells.characters[area] = inside.characters
    cells.roles[area] = inside.roles
    _on_the_axis(cells, frame, top, data, view)
    return cells


def plot_columns(view: View) -> int:
    """How many columns the curves have: the steps of a cursor."""
    legend_rows = 1 if view.height >= MIN_HEIGHT_WITH_LEGEND else 0
    return plot_frame(view.width, view.height - legend_rows, view.x, view.y).width


def step_at_column(view: View, column: int) -> float | None:
    """The step under a column of the widget, or None outside the plot's area."""
    legend_rows = 1 if view.height >= MIN_HEIGHT_WITH_LEGEND else 0
    frame = plot_frame(view.width, view.height - legend_rows, view.x, view.y)
    if not frame.left <= column < frame.left + frame.width:
        return None
    share = (column - frame.left) / max(frame.width - 1, 1)
    return view.x.lower + share * (view.x.upper - view.x.lower)


def _curves(inside: Cells, data: PlotData, samples: Samples, view: View) -> NDArray[np.bool_]:
    """Draw the band, the validation line and the EMA over it; say which cells hold a curve."""
    height, width = inside.characters.shape
    steps = _dots(view.x.fractions(samples.steps), 2, width)
    top = _dots(1 - view.y.fractions(samples.high), 4, height)
    bottom = _dots(1 - view.y.fractions(samples.low), 4, height)
    smooth = _dots(1 - view.y.fractions(samples.ema), 4, height)
    val_steps, val_loss = finite(data.val_steps, data.val_loss)
    val_x = _dots(view.x.fractions(val_steps), 2, width)
    val_y = _dots(1 - view.y.fractions(val_loss), 4, height)

    band = braille.band_dots(steps, top, bottom, width, height)
    validation = braille.line_dots(val_x, val_y, width, height)
    validation[:, 2::4] = validation[:, 3::4] = False  # dashes: every other cell
    line = braille.line_dots(steps, smooth, width, height)
    unsmoothed = view.span <= 1
    inside.lay(0, 0, braille.characters(band), Role.EMA if unsmoothed else Role.BAND)
    inside.lay(0, 0, braille.characters(validation), Role.VALIDATION)
    if not unsmoothed:
        inside.lay(0, 0, braille.characters(line), Role.EMA)
    drawn: NDArray[np.bool_] = np.isin(inside.roles, (Role.BAND, Role.EMA, Role.VALIDATION))
    return drawn


def _references(
    inside: Cells,
    data: PlotData,
    view: View,
    *,
    labels: bool,
    avoid: NDArray[np.bool_] | None = None,
) -> None:
    """Dashed lines under the curves; or their labels, each where no curve runs if possible."""
    height, width = inside.characters.shape
    taken = np.zeros((height, width), dtype=bool) if avoid is None else avoid.copy()
    for label, value in data.references:
        if not math.isfinite(value) or not view.y.contains(value):
            continue
        row = _cell(1 - view.y.fraction(value), height)
        if not labels:
            inside.lay(0, row, np.full((1, width), ord(DASH), dtype=np.uint32), Role.REFERENCE)
            continue
        text = f" {visible(label)} {value:.2f} "
        column = _free_place(taken[row], len(text))
        if column is not None:
            inside.write(column, row, text, Role.LABEL)
            taken[row, column : column + len(text)] = True


def _free_place(taken: NDArray[np.bool_], length: int) -> int | None:
    """The rightmost column from which so many cells are free, one off the edge."""
    for column in range(len(taken) - length - 1, 0, -1):
        if not taken[column : column + length].any():
            return column
    return None


def _marks(inside: Cells, data: PlotData, samples: Samples, view: View) -> None:
    """The validation points, as many as can be told apart, the best one, and a lone first loss."""
    height, width = inside.characters.shape

    def mark(step: float, value: float, sign: str, role: Role) -> None:
        if view.x.contains(step) and view.y.contains(value):
            column = _cell(view.x.fraction(step), width)
            inside.write(column, _cell(1 - view.y.fraction(value), height), sign, role)

    if samples.rows == 1:
        mark(float(samples.steps[0]), float(samples.ema[0]), "•", Role.EMA)
    steps, values = finite(data.val_steps, data.val_loss)
    inside_x = (steps >= view.x.lower) & (steps <= view.x.upper)
    steps, values = steps[inside_x], values[inside_x]
    columns = (0.5 + view.x.fractions(steps) * (width - 1)).astype(np.int64)
    row = len(columns) - 1
    while row >= 0:  # from the right: the newest is always marked, and few rows are visited
        mark(float(steps[row]), float(values[row]), POINT, Role.VALIDATION)
        row = int(np.searchsorted(columns, columns[row] - MARK_DISTANCE, side="right")) - 1
    best = best_value(data)
    if best is not None and data.best_step is not None:
        mark(data.best_step, best, BEST, Role.BEST)


def _on_the_axis(cells: Cells, frame: PlotFrame, top: int, data: PlotData, view: View) -> None:
    """Events and the cursor: signs on the axis, and the cursor's column lit."""
    row = top + frame.height
    has_axis = row < view.height

    def column_of(step: float) -> int:
        return frame.left + _cell(view.x.fraction(step), frame.width)

    if has_axis:
        for step, _kind in data.events:
            if view.x.contains(step):
                cells.write(column_of(step), row, EVENT, Role.EVENT)
    if view.cursor is not None and view.x.contains(view.cursor):
        column = column_of(view.cursor)
        if has_axis:
            cells.write(column, row, CURSOR, Role.VALUE)
        cells.roles[top : top + frame.height, column] += LIT


def _kinds_at(data: PlotData, view: View) -> tuple[str, ...]:
    """What happened under the cursor's column, as words that are safe to show."""
    if view.cursor is None:
        return ()
    width = max(plot_columns(view), 1)
    here = _cell(view.x.fraction(view.cursor), width)
    kinds = [
        visible(kind)
        for step, kind in data.events
        if view.x.contains(step) and _cell(view.x.fraction(step), width) == here
    ]
    return tuple(dict.fromkeys(kinds))


def _dots(fractions: Floats, dots: int, cells: int) -> Floats:
    """Fractions of an axis as positions in dots: 0 is the middle of the first cell, 1 of the last.

    Positions far outside are cut, so that they stay numbers that can be counted with.
    """
    placed: Floats = np.clip((0.5 + fractions * (cells - 1)) * dots, -1e6, 1e6)
    return placed


def _cell(fraction: float, cells: int) -> int:
    return min(max(int(0.5 + fraction * (cells - 1)), 0), cells - 1)
