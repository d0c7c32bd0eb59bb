"""A long series made small: cleaned of NaN and infinity, smoothed, and cut into min–max buckets.

A million rows become a few thousand buckets that keep every spike. Rows that are appended cost
only themselves, so a live plot never reads the past again.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Column = NDArray[Any]  # one field of the records in a run folder, perhaps memory-mapped

MAX_BUCKETS = 4096  # after a merge half of them: still four to a dot column on 220 columns
SPANS = (1, 3, 10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 100_000)

_BLOCK = 64


@dataclass(frozen=True)
class Samples:
    """What is left of a series: arrays of one length, in the order of the rows.

    `steps` is the last step of each bucket, `low` and `high` its extremes, `ema` the smoothed
    value at its end. `rows` counts the finite rows behind them.
    """

    steps: Floats
    low: Floats
    high: Floats
    ema: Floats
    rows: int


EMPTY = Samples(np.empty(0), np.empty(0), np.empty(0), np.empty(0), 0)


def finite(steps: Column, values: Column) -> tuple[Floats, Floats]:
    """The rows in which both numbers are finite, as float64, in their order."""
    length = min(len(steps), len(values))
    x = np.asarray(steps[:length], dtype=np.float64)
    y = np.asarray(values[:length], dtype=np.float64)
    good = np.isfinite(x) & np.isfinite(y)
    return (x, y) if good.all() else (x[good], y[good])


def automatic_span(rows: int) -> int:
    """The smoothing that suits a series of so many rows: about a thirtieth of it."""
    return max((span for span in SPANS if span <= max(3, rows / 30)), default=1)


def row_at(steps: Column, step: float) -> int | None:
    """The last row whose step is not beyond `step`, or the first row; None if there is no row.

    Looks at few rows only, so it does not read a memory-mapped file through.
    """
    if not len(steps):
        return None
    return max(0, bisect.bisect_right(steps, step) - 1)


@dataclass(frozen=True)
class EmaState:
    """Where an exponential moving average stands: its uncorrected sum and the rows it has seen."""

    total: float = 0.0
    rows: int = 0


def ema(values: Floats, span: int, state: EmaState | None = None) -> tuple[Floats, EmaState]:
    """The exponential moving average of finite values [n] with bias correction, and its new state.

    The decay is β = (span − 1)/(span + 1), so that the weights' mean age is that of a plain mean
    over `span` rows; the correction by 1 − βᵗ is the one of Adam (Kingma and Ba 2015, section 3):
    the first value stands for itself, and nothing is drawn towards zero.
    """
    state = state or EmaState()
    decay = (span - 1) / (span + 1)
    total = _recurrence((1 - decay) * values, decay, state.total)
    count = state.rows + np.arange(1, len(values) + 1, dtype=np.float64)
    weight = -np.expm1(count * math.log(decay)) if decay > 0 else np.ones(len(values))
    last = float(total[-1]) if len(total) else state.total
    return total / weight, EmaState(last, state.rows + len(values))


def _recurrence(x: Floats, decay: float, start: float) -> Floats:
    """y with y[t] = decay · y[t−1] + x[t], by blocks: a matrix product instead of a loop."""
    if not len(x):
        return x
    age = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    kernel = np.where(age >= 0, float(decay) ** np.maximum(age, 0), 0.0)
    fading = float(decay) ** np.arange(1, _BLOCK + 1)
    if len(x) <= _BLOCK:
        size = len(x)
        y: Floats = kernel[:size, :size] @ x + fading[:size] * start
        return y
    blocks = np.zeros((-(-len(x) // _BLOCK), _BLOCK))
    blocks.reshape(-1)[: len(x)] = x
    within = blocks @ kernel.T
    ends = _recurrence(within[:, -1], decay**_BLOCK, start)
    before = np.concatenate(([start], ends[:-1]))
    whole: Floats = (within + before[:, np.newaxis] * fading).reshape(-1)
    return whole[: len(x)]


class SeriesReduction:
    """A growing series and its samples. `update` takes the whole series and reads what is new."""

    def __init__(self) -> None:
        self._span = 0
        self._clear()

    def _clear(self) -> None:
        self.samples = EMPTY
        self._width = 1  # rows in a bucket, a power of two
        self._state = EmaState()
        self._read = 0  # rows of the source that were read, finite or not
        self._ends: tuple[str, ...] = ()

    def update(self, steps: Column, values: Column, span: int) -> bool:
        """Bring the samples up to date; say whether they changed.

        If the series only grew, its new rows alone are read. Otherwise (cut back by a resume,
        another run, another span) it is reduced anew.
        """
        length = min(len(steps), len(values))
        grew = length >= self._read and self._seen(steps, values, self._read) == self._ends
        if not grew or span != self._span:
            self._clear()
            self._span = span
        elif length == self._read:
            return False
        self._append(*finite(steps[self._read : length], values[self._read : length]))
        self._read = length
        self._ends = self._seen(steps, values, length)
        return True

    @staticmethod
    def _seen(steps: Column, values: Column, length: int) -> tuple[str, ...]:
        """The first and the last row, to tell a longer series from another one."""
        if not 0 < length <= min(len(steps), len(values)):
            return ()
        # As text NaN equals itself, which a diverged run needs.
        return tuple(f"{float(steps[row])} {float(values[row])}" for row in (0, length - 1))

    def _append(self, steps: Floats, values: Floats) -> None:
        if not len(values):
            return
        old = self.samples
        total = old.rows + len(values)
        while total > MAX_BUCKETS * self._width:
            old = _halved(old)
            self._width *= 2
        smooth, self._state = ema(values, self._span, self._state)
        started = old.rows % self._width  # rows already in the last, open bucket
        starts = np.arange(self._width - started, len(values), self._width)
        starts = np.concatenate(([0], starts)).astype(np.int64)
        ends = np.append(starts[1:], len(values)) - 1
        low = np.minimum.reduceat(values, starts)
        high = np.maximum.reduceat(values, starts)
        kept = len(old.steps)
        if started:
            kept -= 1
            low[0] = min(low[0], old.low[-1])
            high[0] = max(high[0], old.high[-1])
        self.samples = Samples(
            np.concatenate((old.steps[:kept], steps[ends])),
            np.concatenate((old.low[:kept], low)),
            np.concatenate((old.high[:kept], high)),
            np.concatenate((old.ema[:kept], smooth[ends])),
            total,
        )


def _halved(samples: Samples) -> Samples:
    """Buckets merged two by two; an odd last one stays as it is and is filled further."""
    count = len(samples.steps)
    starts = np.arange(0, count, 2)
    ends = np.minimum(starts + 1, count - 1)
    if not count:
        return samples
    return Samples(
        samples.steps[ends],
        np.minimum.reduceat(samples.low, starts),
        np.maximum.reduceat(samples.high, starts),
        samples.ema[ends],
        samples.rows,
    )
