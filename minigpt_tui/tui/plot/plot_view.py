"""The axes that suit the curves of a loss plot, and how its rows are shared out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from minigpt_tui.tui.plot.loss_legend import Overlay, overlay_legend
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_limits import Axis, loss_axis, robust_range, step_axis
from minigpt_tui.tui.plot.plot_look import Reach
from minigpt_tui.tui.plot.small_plot import MIN_ROWS

ROWS_FOR_LOSS = 11
"""What small plots leave to the loss, its axis and legend at least."""
ROWS_FOR_ALL = 28
"""Height from which the small plots are there by themselves."""
SMALL_SHARE = 0.4
TWO_OVERLAY_ROWS = 20
"""Height from which the legend of other runs may take two rows."""


def overlay_rows(overlays: Sequence[Overlay], kind: str, width: int, height: int) -> int:
    """How many rows the legend of the other runs takes; the same wherever the cursor stands."""
    most = 2 if height >= TWO_OVERLAY_ROWS else 1
    return len(overlay_legend(overlays, kind, None, width, most))


def reach_of(curve: Curve, overlays: Sequence[Overlay], kind: str, log: bool) -> Reach:
    """The whole x axis: up to the end of the run or of the longest other one."""
    total = curve.data.total_steps
    newest = curve.place_of(kind, curve.newest)
    last = max([newest, *(o.curve.place_of(kind, o.curve.newest) for o in overlays)])
    planned: float | None = None
    if total is not None and kind != "time":  # how long it will take changes with every step
        planned = total if kind == "step" else float(f"{curve.place_of(kind, total):.4g}")
    whole = step_axis(last, planned)
    if log:
        first = float(curve.whole.steps[0]) if len(curve.whole.steps) else 1.0
        lower = curve.place_of(kind, max(first, 1.0))
        lower = lower if 0 < lower < whole.upper / 2 else whole.upper / 1e4
        whole = Axis(lower, whole.upper, log=True)
    steps = max([curve.newest, *(o.curve.newest for o in overlays)])
    return Reach(whole, newest, last, steps)


def loss_limits(
    curve: Curve,
    overlays: Sequence[Overlay],
    kind: str,
    x: Axis,
    log: bool,
    previous: Axis | None,
    columns: int,
) -> Axis | None:
    """The losses worth seeing within the x axis, on the previous axis while they fit it; None
    where there are none."""
    samples = curve.samples(kind, x, columns)
    others = [overlay.curve.samples(kind, x, columns).ema for overlay in overlays]
    at = curve.place(kind, curve.val_steps)
    validation = curve.val_loss[(at >= x.lower) & (at <= x.upper)]
    now = [float(values[-1]) for values in (samples.ema, *others) if len(values)]
    low, high = (np.concatenate((edge, *others)) for edge in (samples.low, samples.high))
    spread = robust_range(low, high, validation, now)
    return None if spread is None else loss_axis(*spread, log, previous)


def room(height: int, small: tuple[str, ...], wanted: bool | None) -> tuple[tuple[str, ...], int]:
    """Which of the small plots there are in so many rows, and the rows of each.

    `wanted` is what was chosen by hand; None is where there is plenty of room.
    """
    left = height - ROWS_FOR_LOSS
    shown = height >= ROWS_FOR_ALL if wanted is None else wanted
    count = min(len(small), left // MIN_ROWS) if shown else 0
    if count < 1:
        return (), 0
    return small[:count], max(MIN_ROWS, min(left, int(SMALL_SHARE * height)) // count)
