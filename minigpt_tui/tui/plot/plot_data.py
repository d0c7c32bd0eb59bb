"""What a loss plot shows of a run: its columns as they lie in the run folder, and the marks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.tui.plot.series import row_at


def _nothing() -> NDArray[Any]:
    return np.empty(0)


@dataclass(frozen=True, eq=False)
class PlotData:
    """The curves of a run; arrays may be memory-mapped fields of its records.

    `train_steps`, `train_loss` [rows] and `val_steps`, `val_loss` [evaluations] in nats a token,
    steps ascending. `references` are horizontal lines (label, nats), `events` and `checkpoints`
    marks (step, words). The other columns [rows] belong to the training steps; they may be missing.
    """

    train_steps: NDArray[Any]
    train_loss: NDArray[Any]
    val_steps: NDArray[Any]
    val_loss: NDArray[Any]
    best_step: int | None = None
    references: tuple[tuple[str, float], ...] = ()
    events: tuple[tuple[int, str], ...] = ()
    total_steps: int | None = None
    name: str = ""
    checkpoints: tuple[tuple[int, str], ...] = ()
    lr: NDArray[Any] = field(default_factory=_nothing)
    grad_norm: NDArray[Any] = field(default_factory=_nothing)
    epoch: NDArray[Any] = field(default_factory=_nothing)
    tokens: NDArray[Any] = field(default_factory=_nothing)
    """Targets in each step."""
    seconds: NDArray[Any] = field(default_factory=_nothing)
    """Of training since the run began."""

    @staticmethod
    def empty() -> PlotData:
        return PlotData(_nothing(), _nothing(), _nothing(), _nothing())


def best_value(data: PlotData) -> float | None:
    """The validation loss at the best step, if both are known and finite."""
    if data.best_step is None:
        return None
    row = row_at(data.val_steps, data.best_step)
    if row is None or int(data.val_steps[row]) != data.best_step:
        return None
    value = float(data.val_loss[row])
    return value if np.isfinite(value) else None
