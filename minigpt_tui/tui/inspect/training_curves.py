"""The curves along a training: loss, the best heads, and the token that follows, on a log axis."""

from __future__ import annotations

import math

import numpy as np
from textual.content import Content

from minigpt_tui.runs.probes import Probe
from minigpt_tui.tui.inspect.along_training import AlongTraining, Floats
from minigpt_tui.tui.inspect.line_plot import GUTTER, Curve, line_plot
from minigpt_tui.tui.inspect.view import clamp

ALL_PLOTS = 26
"""Rows from which on the three plots stand under one another."""


def training_curves(
    along: AlongTraining, at: Probe, prompt_at: int, plot_at: int, width: int, height: int
) -> tuple[list[Content], int]:
    """Loss, heads and the target's probability after a prompt, with a cursor at a probe.

    Where there is room for one plot only it is number `plot_at`; the number of the one that is
    shown comes back, for some runs have fewer.
    """
    probes = along.history.probes
    steps = np.array([probe.step for probe in probes], dtype=np.float64)
    last = max(float(steps[-1]), float(along.train[0][-1]) if len(along.train[0]) else 0.0)

    def place(of: Floats) -> Floats:
        share: Floats = np.log1p(of) / math.log1p(max(1.0, last))
        return share

    cursor = float(place(np.array([at.step]))[0])
    losses = [
        Curve(place(along.train[0]), along.train[1], "$foreground 70%", points="·"),
        Curve(place(steps), np.array([probe.mean_nats for probe in probes]), "$primary bold"),
        Curve(place(along.validation[0]), along.validation[1], "$accent", points="●"),
    ]
    known = np.concatenate([curve.y[np.isfinite(curve.y)] for curve in losses])
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
    plots = [(_heading(along, at), losses, low, high)]
    if probes[0].induction:
        plots.append((_heads_heading(at), _head_curves(along, place(steps)), 0.0, 1.0))
    target = _target_curve(along, prompt_at, place(steps))
    if target is not None:
        plots.append((_target_heading(at), [target], 0.0, 1.0))
    if height < ALL_PLOTS:
        plot_at = clamp(plot_at, len(plots))
        plots = plots[plot_at : plot_at + 1]
    deep, shallow = max(3, min(9, height // 5)), max(3, min(5, height // 9))
    lines = []
    for number, (heading, curves, lower, upper) in enumerate(plots):
        rows = shallow if number else deep
        lines.append(heading.truncate(width, ellipsis=True))
        lines += line_plot(curves, width, rows, lower, upper, cursor)
    return [*lines, _axis(last, width)], plot_at


def _heading(along: AlongTraining, at: Probe) -> Content:
    what = "held-out" if along.history.questions.held_out else "training"
    parts: list[Content | str | tuple[str, str]] = [
        (f"Step {at.step:,}", "bold"),
        f"   loss on a {what} sample ",
        (f"━ {at.mean_nats:.3f}", "$primary bold"),
    ]
    if len(along.train[0]):
        parts += ["  in training ", ("·", "$foreground 70%")]
    if len(along.validation[0]):
        parts += ["  validation ", ("●", "$accent")]
    return Content.assemble(*parts)


def _heads_heading(at: Probe) -> Content:
    """The best heads at the cursor, by name."""
    words: list[Content | str | tuple[str, str]] = [(f"Step {at.step:,}   best heads:", "bold")]
    for name, scores, style in (
        ("induction", at.induction, "$primary bold"),
        ("previous token", at.previous_token, "$accent"),
    ):
        best = max(
            ((score, i, j) for i, row in enumerate(scores) for j, score in enumerate(row)),
            default=None,
        )
        if best is not None:
            sign = "━" if name == "induction" else "●"
            words += [f"   {name} ", (f"{sign} L{best[1]}H{best[2]} {best[0]:.2f}", style)]
    return Content.assemble(*words)


def _target_heading(at: Probe) -> Content:
    return Content(f"Step {at.step:,}   probability of the token that really follows").stylize(
        "bold"
    )


def _head_curves(along: AlongTraining, x: Floats) -> list[Curve]:
    """The best head's scores at each step."""
    probes = along.history.probes
    previous = np.array([np.max(probe.previous_token) for probe in probes])
    induction = np.array([np.max(probe.induction) for probe in probes])
    return [
        Curve(x, induction, "$primary bold"),
        Curve(x, previous, "$accent", points="●"),
    ]


def _target_curve(along: AlongTraining, prompt_at: int, x: Floats) -> Curve | None:
    found = [
        probe.replies[prompt_at].target if probe.replies else None for probe in along.history.probes
    ]
    if any(one is None for one in found):
        return None
    return Curve(x, np.array(found, dtype=np.float64), "$success bold")


def _axis(last: float, width: int) -> Content:
    """The powers of ten of the steps, each under its place."""
    wide = max(2, width - GUTTER)
    line = list("step".rjust(GUTTER - 2).ljust(width))
    for at in (0, *(10**k for k in range(10))):
        if at > last and at:
            break
        column = GUTTER + round(math.log1p(at) / math.log1p(max(1.0, last)) * (wide - 1))
        label = f"{at:,}"
        free = all(sign == " " for sign in line[max(0, column - 1) : column + len(label) + 1])
        if free and column + len(label) <= width:
            line[column : column + len(label)] = label
    return Content("".join(line)).stylize("$foreground 60%")
