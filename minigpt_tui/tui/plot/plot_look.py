"""The part of a loss plot that is seen: zoomed, panned, following the run, and in words.

The part is counted on the x axis as it is, so that a zoom looks the same on every scale. While the
newest step is in sight the part follows it; a pan to the left leaves it behind.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from minigpt_tui.tui.plot.plot_limits import Axis, short_step
from minigpt_tui.tui.plot.plot_state import Part
from minigpt_tui.tui.widgets.numbers import duration

FEWEST_STEPS = 4
"""What a zoom leaves at least."""
_JUMPS = 8
"""A part that follows the run moves by so many parts of its width, so that the frame keeps still
in between."""


_NOTHING = 1e-9  # of an axis: what counting in floating point may lose


@dataclass(frozen=True)
class Reach:
    """How far a plot could be looked at: the whole axis, and the newest value on it."""

    whole: Axis
    newest: float
    last: float
    """Where the curves end: the newest value, or the end of a longer other run."""
    steps: float
    """How many the longest run has, to know what a part of the axis holds."""


def seen(reach: Reach, part: Part | None) -> tuple[Axis, Part | None]:
    """The axis for a part of the whole, and the part, moved if it follows the newest value.

    A part that holds the whole is none.
    """
    whole, newest = reach.whole, reach.newest
    if part is None:
        return whole, None
    if part.follows and newest > part.upper:
        axis = Axis(part.lower, part.upper, whole.log)
        jump = math.ceil(_JUMPS * (axis.fraction(newest) - 1)) / _JUMPS
        part = replace(part, lower=axis.value(jump), upper=axis.value(1 + jump))
    lower, upper = max(part.lower, whole.lower), part.upper
    everything = lower <= whole.lower and upper >= whole.upper and part.y is None
    if upper <= lower or everything:
        return whole, None
    return Axis(lower, upper, whole.log), part


def zoomed(axis: Axis, reach: Reach, factor: float, around: float) -> Part | None:
    """The part after a zoom: `factor` of the axis, with `around` where it was. None is all."""
    at = axis.fraction(around)
    lower, upper = axis.value(at - at * factor), axis.value(at + (1 - at) * factor)
    return between(reach, lower, upper)


def panned(axis: Axis, reach: Reach, share: float) -> Part | None:
    """The part after a move by a share of its width, not beyond the ends of the whole."""
    ends = [reach.whole.lower, max(reach.whole.upper, axis.upper)]
    to_left, to_right = (axis.fraction(end) - side for side, end in enumerate(ends))
    share = min(max(share, to_left), to_right)
    return between(reach, axis.value(share), axis.value(1 + share))


def between(reach: Reach, lower: float, upper: float) -> Part | None:
    """The part between two numbers of the axis; None if that is all there is."""
    whole = reach.whole
    lower, upper = (min(max(end, whole.lower), whole.upper) for end in (lower, upper))
    if whole.fraction(lower) <= _NOTHING and upper >= reach.last * (1 - _NOTHING):
        return None
    least = min(FEWEST_STEPS / max(reach.steps, FEWEST_STEPS), 1.0)
    lack = least - (whole.fraction(upper) - whole.fraction(lower))
    if lack > 0:
        lower = whole.value(max(whole.fraction(lower) - lack / 2, 0.0))
        upper = whole.value(whole.fraction(lower) + least)
    return Part(lower, upper, follows=lower < reach.newest <= upper)


def followed(axis: Axis, reach: Reach) -> Part:
    """A part as wide as the axis is now that ends, with some room, after the newest value."""
    move = axis.fraction(reach.newest) - (1 - 0.5 / _JUMPS)
    lower, upper = axis.value(move), axis.value(1 + move)
    return Part(max(lower, reach.whole.lower), upper, follows=True)


def in_words(kind: str, log_x: bool, axis: Axis, part: Part | None) -> str:
    """What is seen, for the border, with the keys that lead back as `key_prose` marks them:
    `steps 1,200–3,400 · ‹loss_plot.follow› follows · ‹loss_plot.all› all`."""
    name = {"step": "steps", "epoch": "epochs", "tokens": "tokens", "time": "time"}[kind]
    scale = ", log" if log_x else ""
    if part is None:
        return "" if kind == "step" and not log_x else f"x: {name}{scale}"
    ends = f"{name} {place(kind, axis.lower)}–{place(kind, axis.upper)}{scale}"
    how = "following" if part.follows else "‹loss_plot.follow› follows"
    return f"{ends} · {how} · ‹loss_plot.all› all"


def place(kind: str, value: float) -> str:
    """A place on the x axis in words: `1,200`, `3.41`, `1.25M`, `4:10`."""
    match kind:
        case "step":
            return f"{value:,.0f}"
        case "epoch":
            return f"{value:.2f}"
        case "tokens":
            return short_step(float(f"{value:.4g}"))
    return duration(value)
