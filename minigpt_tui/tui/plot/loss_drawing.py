"""The picture of a loss plot as cells: a pure function of the curves, the axes and the size."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.plot import braille
from minigpt_tui.tui.plot.cells import LIT, Cells, Role
from minigpt_tui.tui.plot.loss_legend import Overlay, fitting_legend, overlay_legend, write_parts
from minigpt_tui.tui.plot.overlay_drawing import dashed_line, draw_letters, draw_overlays
from minigpt_tui.tui.plot.plot_curve import SMALL_PLOTS, Curve
from minigpt_tui.tui.plot.plot_data import best_value
from minigpt_tui.tui.plot.plot_frame import PlotFrame, plot_frame
from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.plot_mouse import Box
from minigpt_tui.tui.plot.plot_places import cell_at, dots_at
from minigpt_tui.tui.plot.series import Samples
from minigpt_tui.tui.plot.small_plot import draw_small

Floats = NDArray[np.float64]

MIN_HEIGHT_WITH_LEGEND = 4

POINT, BEST, EVENT, CHECKPOINT, CURSOR = "●", "★", "◆", "▪", "▲"
DASH = "╌"
DASHES = (1, 1, 0, 0)  # of the validation line, in dots
MARK_DISTANCE = 4  # cells between two validation points, so that they stay points


@dataclass(frozen=True)
class View:
    """How the curves are looked at: the size in cells, the axes, the smoothing, the cursor.

    The cursor is a step of the run itself. `kind` is what the x axis counts. Of the rows at the
    foot each of the plots named in `small` has `small_rows`.
    """

    width: int
    height: int
    x: Axis
    y: Axis
    span: int
    cursor: int | None = None
    kind: str = "step"
    small: tuple[str, ...] = ()
    small_rows: int = 0
    overlay_rows: int = 0
    box: Box | None = None
    """The area that the mouse is drawing."""

    @property
    def legend_rows(self) -> int:
        return 1 + self.overlay_rows if self.height >= MIN_HEIGHT_WITH_LEGEND else 0

    @property
    def frame(self) -> PlotFrame:
        height = self.height - self.legend_rows - len(self.small) * self.small_rows
        return plot_frame(self.width, height, self.x, self.y, self.kind)


def draw(curve: Curve, view: View, overlays: Sequence[Overlay] = ()) -> Cells:
    """The whole widget: the legend, the frame with the curves in it, the small plots."""
    cells = Cells.blank(view.width, view.height)
    if view.legend_rows:
        _legend(cells, curve, view, overlays)
    frame = view.frame
    inside = Cells.blank(frame.width, frame.height)
    samples = curve.samples(view.kind, view.x, frame.width)
    _references(inside, curve, view, labels=False)
    drawn = _curves(inside, curve, samples, view, overlays)
    _references(inside, curve, view, labels=True, avoid=drawn)
    _marks(inside, curve, samples, view)
    draw_letters(inside, overlays, view.kind, view.x, view.y)

    top = view.legend_rows + frame.top
    rows = frame.cells.characters.shape[0]
    cells.characters[view.legend_rows : view.legend_rows + rows] = frame.cells.characters
    cells.roles[view.legend_rows : view.legend_rows + rows] = frame.cells.roles
    area = np.s_[top : top + frame.height, frame.left : frame.left + frame.width]
    cells.characters[area] = inside.characters
    cells.roles[area] = inside.roles
    _on_the_axis(cells, frame, top, curve, view)
    _small_plots(cells, view.legend_rows + rows, frame, curve, view)
    _light(cells, frame, top, curve, view)
    return cells


def plot_columns(view: View) -> int:
    """How many columns the curves have: the steps of a cursor."""
    return view.frame.width


def x_at_column(view: View, column: int) -> float:
    """The number of the x axis under a column of the widget; an end of it for one outside."""
    frame = view.frame
    place = min(max(column - frame.left, 0), frame.width - 1)
    return view.x.value(place / max(frame.width - 1, 1))


def y_at_row(view: View, row: int) -> float:
    """The loss at a row of the widget; at one of the limits for a row outside the plot's area."""
    frame = view.frame
    place = min(max(row - view.legend_rows - frame.top, 0), frame.height - 1)
    return view.y.value(1 - place / max(frame.height - 1, 1))


def _legend(cells: Cells, curve: Curve, view: View, overlays: Sequence[Overlay]) -> None:
    reading = curve.read(view.cursor)
    happened = happened_at(curve, view)
    legend = fitting_legend(reading, view.span, view.y.log, view.cursor, happened, view.width)
    write_parts(cells, 0, legend)
    if view.overlay_rows:
        at = None if view.cursor is None else curve.place_of(view.kind, view.cursor)
        rows = overlay_legend(overlays, view.kind, at, view.width, view.overlay_rows)
        for row, parts in enumerate(rows, start=1):
            write_parts(cells, row, parts)


def _curves(
    inside: Cells, curve: Curve, samples: Samples, view: View, overlays: Sequence[Overlay]
) -> NDArray[np.bool_]:
    """Draw the band, other runs, validation and the EMA on top; say which cells hold a curve."""
    height, width = inside.characters.shape
    steps = dots_at(view.x.fractions(curve.place(view.kind, samples.steps)), 2, width)
    top = dots_at(1 - view.y.fractions(samples.high), 4, height)
    bottom = dots_at(1 - view.y.fractions(samples.low), 4, height)
    smooth = dots_at(1 - view.y.fractions(samples.ema), 4, height)

    unsmoothed = view.span <= 1
    band = braille.band_dots(steps, top, bottom, width, height)
    inside.lay(0, 0, braille.characters(band), Role.EMA if unsmoothed else Role.BAND)
    draw_overlays(inside, overlays, view.kind, view.x, view.y)
    measured = curve.place(view.kind, curve.val_steps), curve.val_loss
    validation = dashed_line(*measured, view.x, view.y, (height, width), DASHES)
    inside.lay(0, 0, braille.characters(validation), Role.VALIDATION)
    if not unsmoothed:
        line = braille.line_dots(steps, smooth, width, height)
        inside.lay(0, 0, braille.characters(line), Role.EMA)
    drawn: NDArray[np.bool_] = (inside.roles >= Role.BAND) & (inside.roles != Role.REFERENCE)
    return drawn


def _references(
    inside: Cells,
    curve: Curve,
    view: View,
    *,
    labels: bool,
    avoid: NDArray[np.bool_] | None = None,
) -> None:
    """Dashed lines under the curves; or their labels, each where no curve runs if possible."""
    height, width = inside.characters.shape
    taken = np.zeros((height, width), dtype=bool) if avoid is None else avoid.copy()
    for label, value in curve.data.references:
        if not math.isfinite(value) or not view.y.contains(value):
            continue
        row = cell_at(1 - view.y.fraction(value), height)
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


def _marks(inside: Cells, curve: Curve, samples: Samples, view: View) -> None:
    """The validation points, as many as can be told apart, the best one, and a lone first loss."""
    height, width = inside.characters.shape

    def mark(x: float, value: float, sign: str, role: Role) -> None:
        if view.x.contains(x) and view.y.contains(value):
            column = cell_at(view.x.fraction(x), width)
            inside.write(column, cell_at(1 - view.y.fraction(value), height), sign, role)

    if samples.rows == 1:
        first = float(curve.place(view.kind, samples.steps)[0])
        mark(first, float(samples.ema[0]), "•", Role.EMA)
    x = curve.place(view.kind, curve.val_steps)
    inside_x = (x >= view.x.lower) & (x <= view.x.upper)
    x, values = x[inside_x], curve.val_loss[inside_x]
    columns = (0.5 + view.x.fractions(x) * (width - 1)).astype(np.int64)
    row = len(columns) - 1
    while row >= 0:  # from the right: the newest is always marked, and few rows are visited
        mark(float(x[row]), float(values[row]), POINT, Role.VALIDATION)
        row = int(np.searchsorted(columns, columns[row] - MARK_DISTANCE, side="right")) - 1
    best, best_step = best_value(curve.data), curve.data.best_step
    if best is not None and best_step is not None:
        mark(curve.place_of(view.kind, best_step), best, BEST, Role.BEST)


def _on_the_axis(cells: Cells, frame: PlotFrame, top: int, curve: Curve, view: View) -> None:
    """Checkpoints, events and the cursor as signs on the axis."""
    row = top + frame.height
    if row >= view.legend_rows + frame.cells.characters.shape[0]:
        return
    for marks, sign, role in (
        (curve.data.checkpoints, CHECKPOINT, Role.LABEL),
        (curve.data.events, EVENT, Role.EVENT),
    ):
        if marks:
            x = curve.place(view.kind, np.array([step for step, _ in marks], dtype=np.float64))
            for value in x[(x >= view.x.lower) & (x <= view.x.upper)].tolist():
                column = frame.left + cell_at(view.x.fraction(value), frame.width)
                cells.write(column, row, sign, role)
    column_of_cursor = _cursor_column(frame, curve, view)
    if column_of_cursor is not None:
        cells.write(column_of_cursor, row, CURSOR, Role.VALUE)


def _small_plots(cells: Cells, top: int, frame: PlotFrame, curve: Curve, view: View) -> None:
    reading = curve.read(view.cursor)
    figures = (reading.lr, reading.grad_norm, reading.tokens_per_second)
    values = dict(zip(SMALL_PLOTS, figures, strict=True))
    for place, name in enumerate(view.small):
        first = top + place * view.small_rows
        samples = curve.small(name, view.kind, view.x, frame.width)
        x = view.x.fractions(curve.place(view.kind, samples.steps))
        draw_small(
            cells, first, view.small_rows, frame.left, frame.width, name, values[name], x, samples
        )


def _light(cells: Cells, frame: PlotFrame, top: int, curve: Curve, view: View) -> None:
    """Lights the cursor's column through all plots, and the box that the mouse is drawing."""
    column = _cursor_column(frame, curve, view)
    if column is not None:
        cells.roles[top : top + frame.height, column] += LIT
        if view.small:
            cells.roles[view.height - len(view.small) * view.small_rows :, column] += LIT
    if view.box is not None:
        box = view.box
        area = cells.roles[box.top : box.bottom + 1, box.left : box.right + 1]
        area[area < LIT] += LIT


def _cursor_column(frame: PlotFrame, curve: Curve, view: View) -> int | None:
    if view.cursor is None:
        return None
    x = curve.place_of(view.kind, view.cursor)
    if not view.x.contains(x):
        return None
    return frame.left + cell_at(view.x.fraction(x), frame.width)


def happened_at(curve: Curve, view: View) -> tuple[str, ...]:
    """What happened under the cursor's column: its sign and words that are safe to show."""
    data = curve.data
    if view.cursor is None or not (data.events or data.checkpoints):
        return ()
    width = max(plot_columns(view), 1)
    here = cell_at(view.x.fraction(curve.place_of(view.kind, view.cursor)), width)
    marks = [(step, f"{EVENT} {words}") for step, words in data.events]
    marks += [(step, f"{CHECKPOINT} {words}") for step, words in data.checkpoints]
    x = curve.place(view.kind, np.array([step for step, _ in marks], dtype=np.float64))
    kinds = [
        visible(kind)
        for value, (_, kind) in zip(x.tolist(), marks, strict=True)
        if view.x.contains(value) and cell_at(view.x.fraction(value), width) == here
    ]
    return tuple(dict.fromkeys(kinds))
