"""Everything that is known of a run at one step, in a line of figures."""

from __future__ import annotations

import math

from textual.content import Content

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.plot.plot_curve import Curve, Reading
from minigpt_tui.tui.plot.plot_limits import short_step
from minigpt_tui.tui.plot.small_plot import figure
from minigpt_tui.tui.widgets.numbers import duration

GAP = Content("   ")


def reading_line(curve: Curve, reading: Reading, happened: tuple[str, ...], width: int) -> Content:
    """What happened there, how far the run was, its figures, and the distance to the references.

    Losses stand in the legend already. What does not fit is left out, the least telling first.
    """
    line = Content("")
    for part in _parts(curve, reading, happened):
        gap = GAP if line.cell_length else Content("")
        if line.cell_length + gap.cell_length + part.cell_length <= width:
            line = line + gap + part
    return line


def _parts(curve: Curve, reading: Reading, happened: tuple[str, ...]) -> list[Content]:
    parts = [Content.styled(words, "bold") for words in happened]
    if reading.lr is not None:
        parts.append(_named("lr", figure(reading.lr)))
    if reading.grad_norm is not None:
        parts.append(_named("grad norm", figure(reading.grad_norm)))
    if reading.epoch is not None:
        parts.append(_named("epoch", f"{reading.epoch:.2f}"))
    if reading.seconds is not None:
        parts.append(_named("after", duration(reading.seconds)))
    if reading.tokens_per_second is not None:
        parts.append(_named("tokens/s", figure(reading.tokens_per_second)))
    loss = reading.validation if reading.validation is not None else reading.ema
    if loss is not None and math.isfinite(loss):
        for label, value in curve.data.references:
            if math.isfinite(value):
                side = "below" if loss <= value else "above"
                words = f" {side} {visible(label)}"
                parts.append(Content.assemble((f"{abs(loss - value):.2f}", "bold"), (words, "dim")))
    if reading.tokens is not None:
        parts.append(_named("tokens seen", short_step(float(f"{reading.tokens:.4g}"))))
    return parts


def _named(name: str, value: str) -> Content:
    return Content.assemble((f"{name} ", "dim"), (value, "bold"))
