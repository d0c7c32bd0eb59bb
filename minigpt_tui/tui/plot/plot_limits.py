"""How far the axes of a plot reach and where their ticks stand: round numbers that keep still."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MANTISSAS = (1.0, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0)
_SMALLEST_ON_LOG = 1e-6  # nats; what is less (or zero, or negative) has no place on a log axis


@dataclass(frozen=True)
class Axis:
    """The numbers at the two ends of an axis, `lower` < `upper`; both positive if `log`."""

    lower: float
    upper: float
    log: bool = False

    def fractions(self, values: Floats) -> Floats:
        """Where finite values lie: 0 at `lower`, 1 at `upper`, beyond that outside."""
        if not self.log:
            return (values - self.lower) / (self.upper - self.lower)
        low, high = math.log(self.lower), math.log(self.upper)
        placed: Floats = (np.log(np.maximum(values, _SMALLEST_ON_LOG)) - low) / (high - low)
        return placed

    def fraction(self, value: float) -> float:
        return float(self.fractions(np.array([value]))[0])

    def value(self, fraction: float) -> float:
        """The number at a fraction of the axis: the way back of `fraction`."""
        if not self.log:
            return self.lower + fraction * (self.upper - self.lower)
        return float(self.lower * (self.upper / self.lower) ** fraction)

    def contains(self, value: float) -> bool:
        return self.lower <= value <= self.upper


def step_axis(last_step: float, total_steps: float | None) -> Axis:
    """The axis of a run that has come to `last_step`: it follows the curve with some headroom.

    Near its end it takes the planned length, so that a finished run fills the plot.
    """
    upper = _above(max(last_step, 1.0) * 1.02, _MANTISSAS)
    if total_steps is not None and last_step <= total_steps <= upper:
        upper = float(total_steps)
    return Axis(0.0, max(upper, 10.0 if total_steps is None else min(10.0, total_steps), 1.0))


def robust_range(
    low: Floats, high: Floats, others: Floats, shown_always: Sequence[float]
) -> tuple[float, float] | None:
    """The range worth seeing of a series (extremes of its buckets) and of its companions.

    A spike is left out: of many buckets the outermost hundredth, of few those that lie far from
    the middle half. `others` (validation) widens the range unless it lies far beyond it;
    `shown_always` (where the curves stand now) widens it in any case. None if there is nothing.
    """
    found: list[float] = [value for value in shown_always if math.isfinite(value)]
    if len(low):
        found += _inner(low, high)
    if len(others):
        lower, upper = (min(found), max(found)) if found else _inner(others, others)
        reach = max(upper - lower, 0.25 * abs(upper))
        near = others[(others >= lower - reach) & (others <= upper + reach)]
        found += [float(near.min()), float(near.max())] if len(near) else []
    return (min(found), max(found)) if found else None


def _inner(low: Floats, high: Floats) -> list[float]:
    if len(low) >= 200:
        return [
            float(np.percentile(low, 0.5, method="nearest")),
            float(np.percentile(high, 99, method="nearest")),
        ]
    first, middle, third = np.percentile(np.concatenate((low, high)), (25, 50, 75))
    reach = max(6 * (third - first), 0.25 * abs(middle))
    return [float(low[low >= first - reach].min()), float(high[high <= third + reach].max())]


def loss_axis(lower: float, upper: float, log: bool, previous: Axis | None = None) -> Axis:
    """Round limits around a range; the previous ones while they still fit it.

    They fit when the range lies inside and fills at least half of them, so that a live plot keeps
    its frame until it really has to change.
    """
    if log:
        lower, upper = max(lower, _SMALLEST_ON_LOG), max(upper, _SMALLEST_ON_LOG)
    if previous is not None and previous.log == log:
        inside = previous.contains(lower) and previous.contains(upper)
        if inside and previous.fraction(upper) - previous.fraction(lower) >= 0.5:
            return previous
        # A curve that has left its frame on one side will go on: some room before the next change.
        if not log and not inside and upper - lower >= 0.5 * (previous.upper - previous.lower):
            lower -= 0.1 * (upper - lower) if lower < previous.lower else 0.0
            upper += 0.1 * (upper - lower) if upper > previous.upper else 0.0
    size = max(abs(lower), abs(upper))
    if upper - lower < max(1e-3 * size, 1e-6):  # one value, or as good as one: show it in its place
        around = max(0.05 * size, 1e-3)
        lower = max(lower - around, lower / 2 if log else min(lower, 0.0))
        upper += around
    if log and upper > 3 * lower:
        margin = (upper / lower) ** 0.05
        return Axis(_below(lower / margin, _MANTISSAS), _above(upper * margin, _MANTISSAS), True)
    margin = 0.05 * (upper - lower)
    bottom, top = lower - margin, upper + margin
    step = nice_step(top - bottom, 10)
    bottom, top = _round(step * math.floor(bottom / step)), _round(step * math.ceil(top / step))
    if bottom <= 0 <= lower:  # a loss is not negative, and zero has no logarithm
        bottom = _below(lower / 1.05, _MANTISSAS) if log else 0.0
    return Axis(bottom, top, log)


def ticks(axis: Axis, most: int, *, whole: bool = False) -> tuple[float, ...]:
    """At most so many round numbers on the axis, as many as reasonable; always one at least.

    `whole` keeps to whole numbers.
    """
    most = max(most, 1)
    if axis.log and axis.upper > 3 * axis.lower:
        first = math.floor(math.log10(axis.lower))
        decades = range(first, math.ceil(math.log10(axis.upper)) + 1)
        choices = [
            [_power(m, d) for d in decades for m in mantissas]
            for mantissas in (_MANTISSAS, (1.0, 2.0, 3.0, 5.0), (1.0, 2.0, 5.0), (1.0, 3.0))
        ]
        choices += [[_power(1.0, d) for d in decades[::every]] for every in (1, 2, 3, 5, 10, 20)]
        for at in choices:
            inside = tuple(value for value in at if axis.contains(value))
            if 1 <= len(inside) <= most:
                return inside
        return (axis.lower,)
    count = most
    while count >= 1:
        step = nice_step(axis.upper - axis.lower, count)
        if whole and step < 10:
            step = next(fit for fit in (1.0, 2.0, 5.0) if fit >= step)
        first = math.ceil(axis.lower / step - 1e-9)
        last = math.floor(axis.upper / step + 1e-9)
        if 1 <= last - first + 1 <= most:
            return tuple(_round(k * step) for k in range(first, last + 1))
        count -= 1
    return (axis.lower,)


def loss_labels(values: Sequence[float]) -> tuple[str, ...]:
    """Tick labels with the same decimals each, enough to tell them apart; at least four wide."""
    if any(abs(value) >= 1e5 for value in values):
        return tuple(f"{value:.1e}".replace("e+", "e").replace("e0", "e") for value in values)
    for digits in range(1, 8):
        labels = [f"{value:.{digits}f}" for value in values]
        exact = all(
            math.isclose(float(label), value, rel_tol=1e-4, abs_tol=1e-9)
            for label, value in zip(labels, values, strict=True)
        )
        if exact:
            break
    return tuple(f"{label:>4}" for label in labels)


def place_ticks(axis: Axis, most: int, kind: str) -> tuple[tuple[float, ...], tuple[str, ...], str]:
    """Where the ticks of an x axis stand, their labels, and a word of four letters for the corner.

    `kind` is one of `plot_clock.KINDS`; time is shown in seconds, minutes, hours or days.
    """
    size, unit = {"epoch": (1.0, "ep."), "tokens": (1.0, "tok.")}.get(kind, (1.0, "step"))
    if kind == "time":
        sizes = ((1.0, 180.0, "s"), (60.0, 180.0, "min"), (3600.0, 96.0, "h"))
        fits = (found for found in sizes if axis.upper < found[0] * found[1])
        size, _, unit = next(fits, (86_400.0, 0.0, "days"))
    scaled = Axis(axis.lower / size, axis.upper / size, axis.log)
    at = ticks(scaled, most, whole=kind in ("step", "tokens"))
    labels = tuple(short_step(value) for value in at)
    if len(set(labels)) < len(labels):  # looked at so closely that a thousandth counts
        labels = tuple(f"{value:,.10g}" for value in at)
    return tuple(value * size for value in at), labels, unit


def short_step(step: float) -> str:
    """A step as a tick shows it: 500, 1.5k, 20k, 1.25M."""
    for size, sign in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(step) >= size:
            return f"{step / size:.4g}{sign}"
    return f"{step:.4g}"


def nice_step(span: float, count: int) -> float:
    """The round number (1, 2, 2.5 or 5 times a power of ten) that cuts a span in ≤ `count`."""
    return _above(span / max(count, 1) * (1 - 1e-9), (1.0, 2.0, 2.5, 5.0))


def _above(value: float, mantissas: Sequence[float]) -> float:
    decade = math.floor(math.log10(value))
    at = (_power(m, d) for d in (decade, decade + 1) for m in mantissas)
    return next(number for number in at if number >= value * (1 - 1e-12))


def _below(value: float, mantissas: Sequence[float]) -> float:
    decade = math.floor(math.log10(value))
    at = (_power(m, d) for d in (decade, decade - 1) for m in reversed(mantissas))
    return next(number for number in at if number <= value * (1 + 1e-12))


def _round(value: float) -> float:
    return float(f"{value:.12g}")


def _power(mantissa: float, decade: int) -> float:
    return float(f"{mantissa}e{decade}")  # exactly the number that is written, 0.3 and not 0.3…04
