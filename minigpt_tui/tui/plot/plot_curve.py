"""A run's curves made small enough to be drawn: reduced as they grow, and cut to what is seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.tui.plot.plot_clock import Clock, Progress
from minigpt_tui.tui.plot.plot_data import PlotData, best_value
from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.series import EMPTY, Samples, SeriesReduction, finite, row_at

Floats = NDArray[np.float64]

SMALL_PLOTS = ("learning rate", "gradient norm", "tokens/s")
_DETAIL = 2  # samples a dot column, before a part is read again


@dataclass(frozen=True)
class Reading:
    """The values at a step; what was not measured there is the last that was measured before."""

    step: int
    train: float | None
    ema: float | None
    validation: float | None
    validation_step: int | None
    best: float | None
    best_step: int | None
    lr: float | None = None
    grad_norm: float | None = None
    tokens_per_second: float | None = None
    epoch: float | None = None
    tokens: float | None = None
    """Seen in training up to here."""
    seconds: float | None = None


class Curve:
    """One run in a plot. `update` takes its columns as often as one likes."""

    def __init__(self) -> None:
        self.data = PlotData.empty()
        self.val_steps: Floats = np.empty(0)
        self.val_loss: Floats = np.empty(0)
        self._loss = SeriesReduction()
        self._clock = Clock()
        self._small = {name: SeriesReduction() for name in SMALL_PLOTS[:2]}
        self._shown: tuple[object, ...] = ()

    def update(self, data: PlotData, span: int) -> bool:
        """Take the columns; say whether a picture of them can be another one now.

        Costs next to nothing when they are the same, and the new rows alone when they only grew.
        """
        changed = self._loss.update(data.train_steps, data.train_loss, span)
        around = _fingerprint(data)
        if around != self._shown:
            self._shown = around
            self.val_steps, self.val_loss = finite(data.val_steps, data.val_loss)
            changed = True
        self.data = data
        if changed:
            self._clock.update(data.train_steps, Progress(data.epoch, data.tokens, data.seconds))
        return changed

    @property
    def whole(self) -> Samples:
        return self._loss.samples

    @property
    def newest(self) -> float:
        """The newest step with a finite loss of either kind; 0 without any."""
        ends = [*self.whole.steps[-1:].tolist(), *self.val_steps[-1:].tolist()]
        return max(ends, default=0.0)

    def knows(self, kind: str) -> bool:
        return self._clock.knows(kind)

    def place(self, kind: str, steps: Floats) -> Floats:
        """Where steps of this run lie on an x axis."""
        return self._clock.place(kind, steps)

    def place_of(self, kind: str, step: float) -> float:
        return float(self._clock.place(kind, np.array([float(step)]))[0])

    def step(self, kind: str, value: float) -> float:
        """The step of this run at a number of the x axis."""
        return self._clock.step(kind, value)

    def samples(self, kind: str, x: Axis, columns: int) -> Samples:
        """The training loss within the axis, fine enough for so many columns of cells."""
        return self._seen(self._loss, kind, x, columns)

    @property
    def small_plots(self) -> tuple[str, ...]:
        """Those of the `SMALL_PLOTS` that were recorded."""
        paced = self._clock.knows("tokens") and self._clock.knows("time")
        there = len(self.data.lr), len(self.data.grad_norm), paced
        return tuple(name for name, known in zip(SMALL_PLOTS, there, strict=True) if known)

    def small(self, name: str, kind: str, x: Axis, columns: int) -> Samples:
        """One of the `SMALL_PLOTS` within the axis."""
        if name == "tokens/s":
            steps, speed = self._clock.speed()
            lower, upper = self._clock.step(kind, x.lower), self._clock.step(kind, x.upper)
            part = slice(
                max(int(np.searchsorted(steps, lower)) - 1, 0),
                int(np.searchsorted(steps, upper)) + 1,
            )
            steps, speed = steps[part], speed[part]
            return Samples(steps, speed, speed, speed, len(steps)) if len(steps) else EMPTY
        column = self.data.lr if name == "learning rate" else self.data.grad_norm
        series = self._small[name]
        series.update(self.data.train_steps, column, 1)
        return self._seen(series, kind, x, columns)

    def read(self, step: float | None) -> Reading:
        """The curves' values at a step, or the newest ones when `step` is None."""
        data = self.data
        at = float("inf") if step is None else step
        row = row_at(data.train_steps, at)
        newest = 0 if row is None else int(data.train_steps[row])
        smooth = None
        ends = self.whole.steps
        if len(ends):
            smooth = float(np.interp(at, ends, self.whole.ema)) if np.isfinite(at) else None
            smooth = float(self.whole.ema[-1]) if smooth is None else smooth
        validation = validation_step = None
        val_row = row_at(data.val_steps, at)
        if val_row is not None and data.val_steps[val_row] <= at:
            validation = float(data.val_loss[val_row])
            validation_step = int(data.val_steps[val_row])
        best = best_value(data)
        place = newest if step is None else step
        timed = {kind: self._clock.knows(kind) for kind in ("epoch", "tokens", "time")}
        return Reading(
            step=round(place),
            train=_cell(data.train_loss, row),
            ema=smooth,
            validation=validation,
            validation_step=validation_step,
            best=best,
            best_step=data.best_step if best is not None else None,
            lr=_cell(data.lr, row),
            grad_norm=_cell(data.grad_norm, row),
            tokens_per_second=self._speed_at(place),
            epoch=self.place_of("epoch", place) if timed["epoch"] else None,
            tokens=self.place_of("tokens", place) if timed["tokens"] else None,
            seconds=self.place_of("time", place) if timed["time"] else None,
        )

    def neighbouring_step(self, step: float, aim: float) -> int | None:
        """The recorded step nearest to `aim`, but one that lies beyond `step` in its direction.

        The last recorded step on that side if nothing is beyond; None if nothing is recorded.
        """
        data = self.data
        steps = data.train_steps if len(data.train_steps) else data.val_steps
        row = row_at(steps, aim)
        if row is None:
            return None
        if aim > step and steps[row] <= step:
            row = min(row + 1, len(steps) - 1)
        elif aim < step and steps[row] >= step:
            row = max(row - 1, 0)
        return int(steps[row])

    def _seen(self, series: SeriesReduction, kind: str, x: Axis, columns: int) -> Samples:
        lower, upper = self._clock.step(kind, x.lower), self._clock.step(kind, x.upper)
        return series.between(lower, upper, _DETAIL * 2 * columns)

    def _speed_at(self, step: float) -> float | None:
        steps, speed = self._clock.speed()
        if not len(steps):
            return None
        return float(speed[min(int(np.searchsorted(steps, step)), len(speed) - 1)])


def _cell(column: NDArray[np.generic], row: int | None) -> float | None:
    return float(column[row]) if row is not None and row < len(column) else None


def _fingerprint(data: PlotData) -> tuple[object, ...]:
    """Everything but the training rows, as far as a picture can depend on it, cheaply compared."""
    count = min(len(data.val_steps), len(data.val_loss))
    newest = f"{data.val_steps[count - 1]} {data.val_loss[count - 1]}" if count else ""
    first = f"{data.val_steps[0]} {data.val_loss[0]}" if count else ""
    return (
        data.name,
        count,
        first,
        newest,
        data.best_step,
        tuple((label, float(np.float64(value))) for label, value in data.references),
        data.events,
        data.checkpoints,
        data.total_steps,
    )
