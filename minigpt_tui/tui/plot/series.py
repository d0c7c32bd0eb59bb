"""A long series made small: cleaned of NaN and infinity, smoothed, and cut into min–max buckets.

A million rows become a few thousand buckets that keep every spike. Rows that are appended cost
only themselves, so a live plot never reads the past again; a part that is looked at closely is
read once more, and finer.
"""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass
from functools import lru_cache
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
    """Where an exponential moving average stands: its uncorrected sum and the rows it has seen.

    The decay is β = (span − 1)/(span + 1), so that the weights' mean age is that of a plain mean
    over `span` rows; the correction by 1 − βᵗ is the one of Adam (Kingma and Ba 2015, section 3):
    the first value stands for itself, and nothing is drawn towards zero.
    """

    total: float = 0.0
    rows: int = 0


def _weight(rows: Floats, decay: float) -> Floats:
    """What the uncorrected sum after so many rows is to be divided by."""
    return -np.expm1(rows * math.log(decay)) if decay > 0 else np.ones(len(rows))


@lru_cache(maxsize=32)
def _fading(decay: float) -> tuple[Floats, Floats]:
    """What is left, within a block, of each row in each later one; and of what was before it."""
    age = np.subtract.outer(np.arange(_BLOCK), np.arange(_BLOCK))
    kernel: Floats = np.where(age >= 0, decay ** np.maximum(age, 0), 0.0)
    return kernel, np.power(decay, np.arange(1.0, _BLOCK + 1))


def _recurrence(x: Floats, decay: float, start: float) -> Floats:
    """y with y[t] = decay · y[t−1] + x[t], by blocks: a matrix product instead of a loop."""
    if not len(x) or decay == 0:
        return x
    kernel, fading = _fading(float(decay))
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

    def __init__(self, start: EmaState | None = None) -> None:
        self._start = start or EmaState()
        self._span = 0
        self._clear()

    def _clear(self) -> None:
        self.samples = EMPTY
        self._width = 1  # rows in a bucket, a power of two
        self._state = self._start
        self._read = 0  # rows of the source that were read, finite or not
        self._ends: tuple[str, ...] = ()
        self._source: tuple[Column, Column] = (np.empty(0), np.empty(0))
        self._part: tuple[int, SeriesReduction] | None = None  # its first row, its reduction

    def update(self, steps: Column, values: Column, span: int) -> bool:
        """Bring the samples up to date; say whether they changed.

        If the series only grew, its new rows alone are read. Otherwise (cut back by a resume,
        another run, another span) it is reduced anew.
        """
        length = min(len(steps), len(values))
        grew = length >= self._read and fingerprint(steps, values, self._read) == self._ends
        if not grew or span != self._span:
            self._clear()
            self._span = span
        elif length == self._read:
            return False
        self._append(steps[self._read : length], values[self._read : length])
        self._read = length
        self._ends = fingerprint(steps, values, length)
        self._source = steps[:length], values[:length]
        return True

    def between(self, lower: float, upper: float, wanted: int) -> Samples:
        """The samples from the step `lower` to `upper` and a neighbour on each side.

        Where they are fewer than `wanted` for such a short part, its rows are read again and cut
        finer, with the average going on from where it stood before them. Like the whole, a part
        that only grows is not read twice.
        """
        ends = self.samples.steps
        first = max(int(np.searchsorted(ends, lower)) - 1, 0)
        last = min(int(np.searchsorted(ends, upper)) + 2, len(ends))
        if self._width == 1 or last - first >= wanted:
            return _cut(self.samples, first, last)
        steps, values = self._source
        start = bisect.bisect_right(steps, ends[first - 1]) if first else 0
        stop = bisect.bisect_right(steps, ends[last - 1]) if last < len(ends) else len(steps)
        if self._part is None or self._part[0] != start:
            self._part = start, SeriesReduction(self._state_before(first))
        part = self._part[1]
        part.update(steps[start:stop], values[start:stop], self._span)
        return part.samples

    def _state_before(self, bucket: int) -> EmaState:
        if not bucket:
            return self._start
        rows = bucket * self._width
        seen = np.array([float(self._start.rows + rows)])
        weight = float(_weight(seen, _decay(self._span))[0])
        return EmaState(float(self.samples.ema[bucket - 1]) * weight, self._start.rows + rows)

    def _append(self, steps: Column, values: Column) -> None:
        steps, new = _finite_rows(steps, values)
        if not len(new):
            return
        old = self.samples
        total = old.rows + len(new)
        while total > MAX_BUCKETS * self._width:
            old = _halved(old)
            self._width *= 2
        width = self._width
        started = old.rows % width  # rows already in the last, open bucket
        head = min(width - started, len(new)) if started else 0
        middle = head + (len(new) - head) // width * width
        pieces = [self._reduced(piece) for piece in (new[:head], new[head:middle], new[middle:])]
        low, high, sums = (np.concatenate(part) for part in zip(*pieces, strict=True))
        ends = np.minimum((head or width) - 1 + width * np.arange(len(low)), len(new) - 1)
        counts = (self._start.rows + old.rows + 1 + ends).astype(np.float64)
        smooth = sums / _weight(counts, _decay(self._span))
        kept = len(old.steps)
        if started:
            kept -= 1
            low[0] = min(low[0], old.low[-1])
            high[0] = max(high[0], old.high[-1])
        self.samples = Samples(
            np.concatenate((old.steps[:kept], steps[ends])),
            np.concatenate((old.low[:kept], low)),
            np.concatenate((old.high[:kept], high)),
            np.concatenate((old.ema[:kept], smooth)),
            total,
        )

    def _reduced(self, values: Floats) -> tuple[Floats, Floats, Floats]:
        """Extremes and uncorrected sums at the ends of whole buckets, or of one that is not full.

        Of a bucket the sum needs one product a value; from bucket to bucket it fades by β^width.
        """
        if not len(values):
            return values, values, values
        decay = _decay(self._span)
        buckets = values.reshape(-1, min(self._width, len(values)))
        width = buckets.shape[1]
        weights = (1 - decay) * decay ** np.arange(width - 1, -1, -1, dtype=np.float64)
        sums = _recurrence(buckets @ weights, decay**width, self._state.total)
        self._state = EmaState(float(sums[-1]), self._state.rows + len(values))
        return buckets.min(axis=1), buckets.max(axis=1), sums


def fingerprint(steps: Column, values: Column, length: int) -> tuple[str, ...]:
    """The first and the last of so many rows, to tell a longer series from another one."""
    if not 0 < length <= min(len(steps), len(values)):
        return ()
    # As text NaN equals itself, which a diverged run needs.
    return tuple(f"{float(steps[row])} {float(values[row])}" for row in (0, length - 1))


def _decay(span: int) -> float:
    return (span - 1) / (span + 1)


def _finite_rows(steps: Column, values: Column) -> tuple[Column, Floats]:
    """The rows with a finite value; the steps stay as they are, for few of them are looked at."""
    y = np.asarray(values, dtype=np.float64)
    good = np.isfinite(y)
    if steps.dtype.kind == "f":
        good &= np.isfinite(steps)
    return (steps, y) if good.all() else (steps[good], y[good])


def _cut(samples: Samples, first: int, last: int) -> Samples:
    if first == 0 and last == len(samples.steps):
        return samples
    part = slice(first, last)
    return Samples(
        samples.steps[part],
        samples.low[part],
        samples.high[part],
        samples.ema[part],
        samples.rows,
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
