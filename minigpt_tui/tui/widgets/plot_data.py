"""What a loss plot shows: the curves of a run, and their values read at one step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.tui.widgets.series import Samples, row_at


def _nothing() -> NDArray[Any]:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class PlotData:
    """The curves of a run; arrays may be memory-mapped fields of its records.

    `train_steps`, `train_loss` [rows] and `val_steps`, `val_loss` [evaluations] in nats a token,
    steps ascending. `references` are horizontal lines (label, nats), `events` marks (step, kind).
    """

    train_steps: NDArray[Any]
    train_loss: NDArray[Any]
    val_steps: NDArray[Any]
    val_loss: NDArray[Any]
    best_step: int | None = None
    references: tuple[tuple[str, float], ...] = ()
    events: tuple[tuple[int, str], ...] = ()
    total_steps: int | None = None

    @staticmethod
    def empty() -> PlotData:
        return PlotData(_nothing(), _nothing(), _nothing(), _nothing())


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


def read_at(data: PlotData, samples: Samples, step: int | None) -> Reading:
    """The curves' values at a step, or the newest ones when `step` is None."""
    at = float("inf") if step is None else step
    train_row = row_at(data.train_steps, at)
    train = None if train_row is None else float(data.train_loss[train_row])
    newest = 0 if train_row is None else int(data.train_steps[train_row])
    smooth = None
    if len(samples.steps):
        bucket = min(int(np.searchsorted(samples.steps, at)), len(samples.steps) - 1)
        smooth = float(samples.ema[bucket])
    validation = validation_step = None
    val_row = row_at(data.val_steps, at)
    if val_row is not None and data.val_steps[val_row] <= at:
        validation, validation_step = float(data.val_loss[val_row]), int(data.val_steps[val_row])
    best = best_value(data)
    return Reading(
        newest if step is None else step,
        train,
        smooth,
        validation,
        validation_step,
        best,
        data.best_step if best is not None else None,
    )


def best_value(data: PlotData) -> float | None:
    """The validation loss at the best step, if both are known and finite."""
    if data.best_step is None:
        return None
    row = row_at(data.val_steps, data.best_step)
    if row is None or int(data.val_steps[row]) != data.best_step:
        return None
    value = float(data.val_loss[row])
    return value if np.isfinite(value) else None


def neighbouring_step(data: PlotData, step: float, aim: float) -> int | None:
    """The recorded step nearest to `aim`, but one that lies beyond `step` in its direction.

    The last recorded step on that side if there is nothing beyond; None if nothing is recorded.
    """
    steps = data.train_steps if len(data.train_steps) else data.val_steps
    if not len(steps):
        return None
    row = row_at(steps, aim)
    assert row is not None
    if aim > step and steps[row] <= step:
        row = min(row + 1, len(steps) - 1)
    elif aim < step and steps[row] >= step:
        row = max(row - 1, 0)
    return int(steps[row])
