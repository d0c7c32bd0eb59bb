"""The picture names its curves, tells them apart without colour, and never fails on odd data."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.tui.plot.cells import LIT, Role
from minigpt_tui.tui.plot.loss_drawing import View, draw, x_at_column
from minigpt_tui.tui.plot.loss_legend import Overlay
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_data import PlotData
from minigpt_tui.tui.plot.plot_limits import Axis, loss_axis, robust_range, step_axis
from minigpt_tui.tui.plot.plot_look import seen
from minigpt_tui.tui.plot.plot_state import Part
from minigpt_tui.tui.plot.plot_view import loss_limits, overlay_rows, reach_of, room

BRAILLE = {chr(code) for code in range(0x2801, 0x2900)}


def run(rows: int = 1000, **more: object) -> PlotData:
    steps = np.arange(1, rows + 1)
    loss = 1.5 + 2.7 * np.exp(-steps / 150) + np.random.default_rng(2).normal(0, 0.1, rows)
    every = steps[99::100]
    return PlotData(steps, loss.astype("f4"), every, loss[99::100] + 0.3, 900, **more)


def curve_of(data: PlotData, span: int = 30) -> Curve:
    curve = Curve()
    curve.update(data, span)
    return curve


def picture(
    data: PlotData, width: int = 100, height: int = 24, cursor: int | None = None
) -> tuple[list[str], np.ndarray, View, Curve]:
    curve = curve_of(data)
    samples = curve.whole
    spread = robust_range(samples.low, samples.high, data.val_loss, samples.ema[-1:].tolist())
    assert spread is not None
    x, y = step_axis(curve.newest, None), loss_axis(*spread, False)
    view = View(width, height, x, y, 30, cursor)
    cells = draw(curve, view)
    return cells.text(), cells.roles, view, curve


def test_each_curve_is_named_with_its_value() -> None:
    data = run()
    rows, *_ = picture(data)
    assert f"train {data.train_loss[-1]:.3f}" in rows[0]
    assert f"validation {data.val_loss[-1]:.3f}" in rows[0]
    assert f"best {data.val_loss[8]:.3f} at 900" in rows[0]
    assert "EMA 30" in rows[0]
    assert rows[0].rstrip().endswith("nats")


def test_curves_differ_in_shape_and_not_in_colour_alone() -> None:
    rows, roles, *_ = picture(run())
    inside = "".join(rows[1:])
    assert inside.count("●") >= 5
    assert inside.count("★") == 1
    assert BRAILLE & set(inside)
    for role in (Role.BAND, Role.EMA, Role.VALIDATION, Role.BEST):
        assert (roles[1:] == role).any()


def test_reference_lines_are_labelled_when_within_limits() -> None:
    data = run(references=(("5-gram", 2.5), ("uniform", 90.0), ("nothing", math.nan)))
    text = "\n".join(picture(data)[0])
    assert " 5-gram 2.50 " in text
    assert "╌╌╌╌" in text
    assert "uniform" not in text


def test_events_stand_on_the_axis_and_are_read_by_the_cursor() -> None:
    data = run(events=((400, "pause"), (5000, "later")))
    rows, *_ = picture(data, cursor=400)
    assert "pause" in rows[0]
    rows, *_ = picture(data)
    assert rows[-2].count("◆") == 1
    assert "pause" not in rows[0]


def test_text_from_outside_cannot_act_on_the_terminal() -> None:
    data = run(references=(("\x1b]0;title\x07", 2.5),), events=((400, "\x1b[2Jpause\u202e"),))
    text = "".join(picture(data, cursor=400)[0])
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_the_cursor_reads_the_curves_at_its_step() -> None:
    data = run()
    rows, roles, view, curve = picture(data, cursor=450)
    assert rows[0].startswith("step 450")
    assert f"train {data.train_loss[449]:.3f}" in rows[0]
    assert f"validation {data.val_loss[3]:.3f} at 400" in rows[0]
    lit = np.flatnonzero((roles >= LIT).any(axis=0))
    assert len(lit) == 1
    assert rows[-2][lit[0]] == "▲"
    there = x_at_column(view, int(lit[0]))
    assert there == pytest.approx(450, abs=12)
    reading = curve.read(450)
    assert reading.validation_step == 400
    assert reading.ema is not None


def test_before_the_first_evaluation_there_is_no_validation_to_read() -> None:
    assert curve_of(run()).read(50).validation is None


def test_a_loss_that_is_not_finite_is_shown_as_it_is() -> None:
    data = run()
    data.train_loss[-1] = np.nan
    assert "train nan" in picture(data)[0][0]


def test_a_single_loss_can_be_seen() -> None:
    data = PlotData(np.array([1]), np.array([4.2]), np.empty(0), np.empty(0))
    assert "•" in "".join(picture(data)[0])


def test_the_cursor_moves_to_another_recorded_step_whatever_the_scale() -> None:
    data = PlotData(np.array([1, 2, 30]), np.array([4.0, 3.0, 2.0]), np.empty(0), np.empty(0))
    assert curve_of(data).neighbouring_step(2, 2.3) == 30
    assert curve_of(data).neighbouring_step(30, 29.9) == 2
    assert curve_of(data).neighbouring_step(1, -5) == 1
    assert Curve().neighbouring_step(1, 2) is None


SIZES = [(w, h) for w in (1, 2, 12, 24, 40, 80, 220) for h in (1, 2, 3, 4, 6, 8, 24, 60)]


@pytest.mark.parametrize("size", SIZES)
def test_every_size_is_filled_exactly(size: tuple[int, int]) -> None:
    width, height = size
    rows, *_ = picture(run(references=(("unigram", 3.0),)), width, height, cursor=300)
    assert [len(row) for row in rows] == [width] * height
    if width >= 12 and height >= 3:
        assert BRAILLE & set("".join(rows))


def test_a_small_plot_drops_words_before_values() -> None:
    data = run()
    widths = {width: picture(data, width, 8)[0][0] for width in (40, 28, 20)}
    value = f"{data.val_loss[-1]:.3f}"
    assert "EMA" in widths[40]
    assert "EMA" not in widths[20]
    assert all(value in legend for legend in widths.values())


number = st.floats(width=32) | st.floats(0, 10, width=32) | st.just(0.0)


@settings(deadline=None, max_examples=150)
@given(
    st.lists(number, max_size=60),
    st.lists(number, max_size=8),
    st.booleans(),
    st.sampled_from([(80, 20), (30, 7), (5, 3)]),
)
def test_no_data_makes_the_drawing_fail(
    train: list[float], validation: list[float], log: bool, size: tuple[int, int]
) -> None:
    data = PlotData(
        np.arange(len(train)) * 7,
        np.array(train, dtype="f4"),
        np.arange(len(validation)) * 50,
        np.array(validation),
        0 if validation else None,
        (("reference", train[0] if train else 1.0),),
    )
    curve = curve_of(data, 10)
    samples = curve.whole
    val = data.val_loss[np.isfinite(data.val_loss)]
    spread = robust_range(samples.low, samples.high, val, samples.ema[-1:].tolist())
    y = Axis(1.0, 2.0, log) if spread is None else loss_axis(*spread, log)
    cells = draw(curve, View(*size, step_axis(400, None), y, 10, cursor=14))
    assert [len(row) for row in cells.text()] == [size[0]] * size[1]


@settings(deadline=None, max_examples=80)
@given(
    st.lists(number, max_size=40),
    st.lists(number, max_size=40),
    st.sampled_from(["step", "epoch", "tokens", "time"]),
    st.booleans(),
    st.sampled_from([(1, 12), (3, 2), (40, 10), (100, 30)]),
    st.sampled_from([None, Part(3, 17, True), Part(20.5, 20.6, False, (1.0, 1.1))]),
)
def test_no_look_at_any_data_fails(
    train: list[float],
    rest: list[float],
    kind: str,
    log: bool,
    size: tuple[int, int],
    part: Part | None,
) -> None:
    steps, column = np.arange(1, len(train) + 1), np.resize(rest or [np.nan], len(train))
    data = PlotData(
        steps,
        np.array(train, dtype="f4"),
        steps[::5],
        column[::5],
        events=((3, "paused"),),
        checkpoints=((4, "saved"),),
        total_steps=60,
        lr=column,
        grad_norm=column,
        epoch=column,
        tokens=column,
        seconds=column,
    )
    curve, other = curve_of(data, 10), curve_of(run(30), 10)
    overlays = [Overlay(other, "other", 0), Overlay(curve_of(PlotData.empty()), "empty", 5)]
    kind = kind if curve.knows(kind) else "step"
    x, _ = seen(reach_of(curve, overlays, kind, log), part)
    y = loss_limits(curve, overlays, kind, x, log, None, size[0])
    assert y is not None, "the other run has a loss"
    named = overlay_rows(overlays, kind, *size)
    small = room(size[1] - named, curve.small_plots, True)
    cells = draw(curve, View(*size, x, y, 10, 7, kind, *small, named), overlays)
    assert [len(row) for row in cells.text()] == [size[0]] * size[1]
