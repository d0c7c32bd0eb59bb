"""A loss plot as a drawing in SVG: what is seen in the terminal, with lines instead of dots.

Pure text, dark on white, so that it can go into a paper or a page as it is.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from xml.sax.saxutils import escape

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.plot.loss_drawing import View
from minigpt_tui.tui.plot.loss_legend import Overlay, short_name
from minigpt_tui.tui.plot.overlay_drawing import PATTERNS
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_data import best_value
from minigpt_tui.tui.plot.plot_limits import loss_labels, place_ticks, short_step, ticks

Floats = NDArray[np.float64]

WIDTH, HEIGHT = 960, 580
LEFT, RIGHT, TOP, BOTTOM = 70, 28, 86, 56
TRAIN, VALIDATION, INK, GREY = "#0072B2", "#D55E00", "#222222", "#8A8A8A"
OVERLAYS = ("#009E73", "#CC79A7", "#B59B00", "#8C4A2F", "#5A6472", "#6A51C7")
"""As in the terminal: the hues of Okabe and Ito, dark enough for white paper."""
_COLUMNS = (WIDTH - LEFT - RIGHT) // 2
_LETTER_WIDTH = 7.0  # of 13 pixels of sans-serif, on the wide side


def to_svg(curve: Curve, view: View, overlays: Sequence[Overlay]) -> str:
    """The plot with the axes of the view."""
    name = escape(visible(curve.data.name))
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13">',
        f"<title>Loss of {name}</title>",
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>',
        f'<clipPath id="area"><rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" '
        f'height="{HEIGHT - TOP - BOTTOM}"/></clipPath>',
        *_axes(view),
        '<g clip-path="url(#area)">',
        *_references(curve, view),
        *_events(curve, view),
        *_run(curve, view),
        *_others(view, overlays),
        *_validation(curve, view),
        "</g>",
        *_reference_labels(curve, view),
        f'<text x="{LEFT}" y="24" font-size="16" font-weight="bold" fill="{INK}">{name}</text>',
        *_legend(curve, view, overlays),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _axes(view: View) -> Iterator[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    y_ticks = ticks(view.y, 8)
    for value, label in zip(y_ticks, loss_labels(y_ticks), strict=True):
        y = _y(view, np.array([value]))[0]
        yield f'<path d="M{LEFT} {y:.1f}H{right}" stroke="#E8E8E8"/>'
        yield _text(LEFT - 8, y + 4, label.strip(), anchor="end")
    x_ticks, labels, unit = place_ticks(view.x, 9, view.kind)
    for value, label in zip(x_ticks, labels, strict=True):
        x = LEFT + view.x.fraction(value) * (right - LEFT)
        yield f'<path d="M{x:.1f} {bottom}v5" stroke="{INK}"/>'
        yield _text(x, bottom + 20, label)
    yield f'<path d="M{LEFT} {TOP}V{bottom}H{right}" fill="none" stroke="{INK}"/>'
    names = {"step": "step", "epoch": "epoch", "tokens": "tokens", "time": f"time ({unit})"}
    yield _text((LEFT + right) / 2, bottom + 42, names[view.kind] + (", log" * view.x.log))
    middle = (TOP + bottom) / 2
    loss = "loss (nats a token" + (", log)" if view.y.log else ")")
    yield (
        f'<text transform="translate(18 {middle:.0f}) rotate(-90)" text-anchor="middle" '
        f'fill="{INK}">{loss}</text>'
    )


def _references(curve: Curve, view: View) -> Iterator[str]:
    for _, value in _shown_references(curve, view):
        y = _y(view, np.array([value]))[0]
        yield (
            f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{GREY}" stroke-dasharray="6 4"/>'
        )


def _reference_labels(curve: Curve, view: View) -> Iterator[str]:
    for label, value in _shown_references(curve, view):
        y = _y(view, np.array([value]))[0]
        words = escape(f"{visible(label)} {value:.2f}")
        yield _text(WIDTH - RIGHT - 4, y - 4, words, anchor="end", fill=GREY)


def _shown_references(curve: Curve, view: View) -> list[tuple[str, float]]:
    return [
        (label, value)
        for label, value in curve.data.references
        if math.isfinite(value) and view.y.contains(value)
    ]


def _events(curve: Curve, view: View) -> Iterator[str]:
    for step, words in curve.data.events:
        value = curve.place_of(view.kind, step)
        if view.x.contains(value):
            x = _x(view, curve, np.array([float(step)]))[0]
            yield (
                f'<path d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="{GREY}" '
                f'stroke-dasharray="1 3"><title>{escape(visible(words))}</title></path>'
            )


def _run(curve: Curve, view: View) -> Iterator[str]:
    samples = curve.samples(view.kind, view.x, _COLUMNS)
    if not len(samples.steps):
        return
    x = _x(view, curve, samples.steps)
    around = np.concatenate((x, x[::-1]))
    edges = np.concatenate((_y(view, samples.high), _y(view, samples.low)[::-1]))
    yield f'<polygon points="{_points(around, edges)}" fill="{TRAIN}" fill-opacity="0.22"/>'
    yield _line(x, _y(view, samples.ema), TRAIN, 2)


def _others(view: View, overlays: Sequence[Overlay]) -> Iterator[str]:
    for overlay in overlays:
        samples = overlay.curve.samples(view.kind, view.x, _COLUMNS)
        if not len(samples.steps):
            continue
        x, y = _x(view, overlay.curve, samples.steps), _y(view, samples.ema)
        yield _line(x, y, OVERLAYS[overlay.slot], 1.6, _dashes(overlay.slot))
        yield (
            f'<text x="{x[-1] - 3:.1f}" y="{y[-1] - 5:.1f}" text-anchor="end" '
            f'fill="{OVERLAYS[overlay.slot]}" font-weight="bold">{overlay.letter}</text>'
        )


def _validation(curve: Curve, view: View) -> Iterator[str]:
    if not len(curve.val_steps):
        return
    x, y = _x(view, curve, curve.val_steps), _y(view, curve.val_loss)
    yield _line(x, y, VALIDATION, 1.2, "4 3")
    best, best_step = best_value(curve.data), curve.data.best_step
    for step, at, height in zip(curve.val_steps.tolist(), x.tolist(), y.tolist(), strict=True):
        radius = 6 if best is not None and step == best_step else 3
        ring = ' stroke="white" stroke-width="2"' * (radius == 6)
        yield f'<circle cx="{at:.1f}" cy="{height:.1f}" r="{radius}" fill="{VALIDATION}"{ring}/>'


def _legend(curve: Curve, view: View, overlays: Sequence[Overlay]) -> Iterator[str]:
    reading = curve.read(None)
    entries = [(f"train, mean over {short_step(view.span)} steps", TRAIN, "")]
    if reading.validation is not None:
        entries.append((f"validation {reading.validation:.3f}", VALIDATION, "4 3"))
    if reading.best is not None:
        entries[-1] = (f"{entries[-1][0]}, best {reading.best:.3f}", VALIDATION, "4 3")
    for overlay in overlays:
        words = f"{overlay.letter} {short_name(overlay.name)}"
        entries.append((words, OVERLAYS[overlay.slot], _dashes(overlay.slot)))
    x, y = float(LEFT), 44
    for words, colour, dashes in entries:
        if x + 32 + _LETTER_WIDTH * len(words) > WIDTH - RIGHT and x > LEFT:
            x, y = float(LEFT), y + 20
        yield (
            f'<path d="M{x:.0f} {y}h26" stroke="{colour}" stroke-width="2" '
            f'stroke-dasharray="{dashes or "none"}"/>'
        )
        yield _text(x + 32, y + 4, escape(words), anchor="start")
        x += 50 + _LETTER_WIDTH * len(words)


def _dashes(slot: int) -> str:
    """A pattern of the terminal as lengths of strokes and gaps."""
    pattern = PATTERNS[slot]
    edges = [0, *(i for i in range(1, len(pattern)) if pattern[i] != pattern[i - 1]), len(pattern)]
    return " ".join(f"{2 * (end - start)}" for start, end in pairwise(edges))


def _x(view: View, curve: Curve, steps: Floats) -> Floats:
    fractions = view.x.fractions(curve.place(view.kind, steps))
    placed: Floats = LEFT + np.clip(fractions, -1, 2) * (WIDTH - LEFT - RIGHT)
    return placed


def _y(view: View, values: Floats) -> Floats:
    fractions = np.clip(view.y.fractions(values), -1, 2)
    placed: Floats = HEIGHT - BOTTOM - fractions * (HEIGHT - TOP - BOTTOM)
    return placed


def _line(x: Floats, y: Floats, colour: str, width: float, dashes: str = "none") -> str:
    return (
        f'<polyline points="{_points(x, y)}" fill="none" stroke="{colour}" '
        f'stroke-width="{width}" stroke-dasharray="{dashes}" stroke-linejoin="round"/>'
    )


def _points(x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))


def _text(x: float, y: float, words: str, anchor: str = "middle", fill: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{fill}">{words}</text>'
