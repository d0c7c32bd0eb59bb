"""Where the steps of a run lie in epochs, tokens and seconds: the other x axes of a plot.

A few thousand knots stand for all rows; between two of them the way is straight. Rows that are
appended cost only themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.tui.plot.series import fingerprint

Floats = NDArray[np.float64]
Column = NDArray[Any]

KINDS = ("step", "epoch", "tokens", "time")
"""What an x axis can count; `time` is seconds of training, pauses left out."""

MOST_KNOTS = 4096
_NEW_KNOTS = 1024  # of a long piece that is read at once


@dataclass(frozen=True, eq=False)
class Progress:
    """The columns of a run's records that tell how far each step is; arrays [rows], or empty."""

    epoch: Column
    tokens: Column
    """Targets in each step, not their sum."""
    seconds: Column


class Clock:
    """Turns steps into the numbers of an axis and back."""

    def __init__(self) -> None:
        self._clear()

    def _clear(self) -> None:
        self._read = 0
        self._ends: tuple[str, ...] = ()
        self._knots = np.zeros((len(KINDS), 1))  # a row a kind; every run begins at nothing
        self._tokens = 0.0
        self._speed: tuple[Floats, Floats] | None = None

    def update(self, steps: Column, progress: Progress) -> None:
        """Read what is new in the columns of a run; all of it if they are another run's."""
        length = min(len(steps), *(len(c) for c in vars(progress).values()))
        grew = length >= self._read
        if not grew or fingerprint(steps, progress.seconds, self._read) != self._ends:
            self._clear()
        if length == self._read:
            return
        new = slice(self._read, length)
        tokens = self._tokens + np.cumsum(
            np.nan_to_num(progress.tokens[new], posinf=0.0, neginf=0.0), dtype=np.float64
        )
        count = length - self._read
        at = np.unique(np.linspace(0, count - 1, min(count, _NEW_KNOTS)).astype(np.int64))
        at = at if count <= _NEW_KNOTS else np.union1d(at, np.arange(min(count, 8)))
        fresh = np.stack(
            [
                steps[new][at].astype(np.float64),
                progress.epoch[new][at],
                tokens[at],
                progress.seconds[new][at],
            ]
        )
        # A clock that was set back (or a broken figure) must not turn an axis around, and no axis
        # reaches to infinity.
        fresh[~np.isfinite(fresh)] = np.nan
        fresh = np.fmax(np.fmax.accumulate(fresh, axis=1), self._knots[:, -1:])
        knots = np.concatenate((self._knots, fresh), axis=1)
        while knots.shape[1] > MOST_KNOTS:
            knots = np.concatenate((knots[:, :-1:2], knots[:, -1:]), axis=1)
        self._knots, self._tokens, self._speed = knots, float(tokens[-1]), None
        self._read, self._ends = length, fingerprint(steps, progress.seconds, length)

    def knows(self, kind: str) -> bool:
        """Whether the axis of this kind can be drawn: the figure has been recorded and moves."""
        return kind == "step" or bool(self._of(kind)[-1] > 0)

    def place(self, kind: str, steps: Floats) -> Floats:
        """Where steps lie on an axis; beyond the newest step it goes on at the mean pace."""
        if kind == "step":
            return steps
        at, there = self._knots[0], self._of(kind)
        placed: Floats = np.interp(steps, at, there)
        beyond = steps > at[-1]
        if beyond.any() and at[-1] > 0:
            placed[beyond] = steps[beyond] * (there[-1] / at[-1])
        return placed

    def step(self, kind: str, value: float) -> float:
        """The step at a number of the axis: the way back of `place`."""
        if kind == "step":
            return value
        at, there = self._knots[0], self._of(kind)
        if value > there[-1] > 0:
            return float(value * at[-1] / there[-1])
        return float(np.interp(value, there, at))

    def speed(self) -> tuple[Floats, Floats]:
        """Tokens a second between the knots: the step where each piece ends, and the speed."""
        at, tokens, seconds = self._knots[0], self._of("tokens"), self._of("time")
        if self._speed is None:
            gone = np.diff(seconds)
            moved = gone > 0
            self._speed = at[1:][moved], np.diff(tokens)[moved] / gone[moved]
        return self._speed

    def _of(self, kind: str) -> Floats:
        column: Floats = self._knots[KINDS.index(kind)]
        return column
