"""Limits are round, hold what matters, ignore spikes and do not jitter; ticks tell values apart."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.tui.plot.plot_limits import (
    Axis,
    loss_axis,
    loss_labels,
    robust_range,
    short_step,
    step_axis,
    ticks,
)

NOTHING = np.empty(0)


def descent(rows: int) -> np.ndarray:
    steps = np.arange(rows)
    return 1.5 + 2.7 * np.exp(-steps / (rows / 6)) + np.random.default_rng(1).normal(0, 0.1, rows)


@pytest.mark.parametrize("rows", [30, 150, 1_000, 4_000])
def test_a_spike_does_not_flatten_the_rest(rows: int) -> None:
    calm = descent(rows)
    with_spike = calm.copy()
    with_spike[rows // 2] = 60.0
    expected = robust_range(calm, calm, NOTHING, [])
    found = robust_range(with_spike, with_spike, NOTHING, [])
    assert expected is not None
    assert found is not None
    assert found == pytest.approx(expected, rel=0.15)


def test_where_the_curve_stands_now_is_always_in_range() -> None:
    values = descent(1000)
    found = robust_range(values, values, np.array([1.9]), [9.0])
    assert found is not None
    assert found[1] >= 9.0


def test_validation_widens_the_range_unless_it_is_far_away() -> None:
    values = descent(1000)
    near = robust_range(values, values, np.array([5.0, 1.0]), [])
    far = robust_range(values, values, np.array([500.0, 1.6]), [])
    assert near is not None
    assert far is not None
    assert near[0] == 1.0
    assert near[1] == 5.0
    assert far[1] < 6


def test_nothing_has_no_range() -> None:
    assert robust_range(NOTHING, NOTHING, NOTHING, [math.nan]) is None


def test_limits_stay_while_the_curve_still_fits() -> None:
    axis = loss_axis(1.5, 4.3, False)
    for lower, upper in ((1.52, 4.2), (1.6, 4.31), (1.5, 3.9)):
        assert loss_axis(lower, upper, False, axis) is axis


def test_limits_move_when_the_curve_leaves_them_or_shrinks_far() -> None:
    axis = loss_axis(1.5, 4.3, False)
    assert loss_axis(1.5, 9.0, False, axis).upper > 9
    assert loss_axis(1.5, 1.9, False, axis).upper < 3


def test_a_live_descent_changes_its_frame_a_few_times_only() -> None:
    values, axis, changes = descent(4000), None, 0
    for rows in range(10, 4000, 10):
        spread = robust_range(values[:rows], values[:rows], NOTHING, [])
        assert spread is not None
        new = loss_axis(*spread, False, axis)
        changes += new != axis
        axis = new
    assert changes <= 10


losses = st.floats(-1e4, 1e30, allow_nan=False)


@settings(deadline=None)
@given(losses, losses, st.booleans())
def test_any_range_gets_an_axis_that_holds_it_and_ticks(a: float, b: float, log: bool) -> None:
    lower, upper = sorted((a, b))
    axis = loss_axis(lower, upper, log)
    assert axis.lower < axis.upper
    assert axis.lower > 0 or not log
    positive = [value for value in (lower, upper) if value > 1e-5 or not log]
    assert all(axis.contains(value) for value in positive)
    for most in (1, 3, 10):
        at = ticks(axis, most)
        assert 1 <= len(at) <= most
        assert all(axis.contains(value) or math.isclose(value, axis.lower) for value in at)
    loss_labels(ticks(axis, 5))


@pytest.mark.parametrize("value", [0.0, 1e-12, 2.5, 1e6])
@pytest.mark.parametrize("log", [False, True])
def test_a_constant_lies_well_inside_its_axis(value: float, log: bool) -> None:
    axis = loss_axis(value, value, log)
    assert axis.lower < axis.upper
    if value > 1e-6:
        assert 0.1 < axis.fraction(value) < 0.9


@settings(deadline=None)
@given(st.integers(0, 10**9), st.none() | st.integers(1, 10**9))
def test_the_step_axis_holds_the_curve_with_little_to_spare(last: int, total: int | None) -> None:
    axis = step_axis(last, total)
    assert axis.lower == 0
    assert axis.upper >= last
    if last > 10:
        assert axis.upper <= 1.6 * last
    at = ticks(axis, 6, whole=True)
    assert all(value == int(value) for value in at)


def test_a_finished_run_fills_the_plot() -> None:
    assert step_axis(7_300, 7_300).upper == 7_300
    assert step_axis(7_250, 7_300).upper == 7_300
    assert step_axis(700, 7_300).upper < 1_000


def test_labels_tell_ticks_apart() -> None:
    assert loss_labels((1.0, 1.5, 2.0)) == (" 1.0", " 1.5", " 2.0")
    assert loss_labels((0.25, 0.5)) == ("0.25", "0.50")
    assert loss_labels((10.0, 12.5)) == ("10.0", "12.5")
    assert [short_step(s) for s in (0, 500, 1_500, 20_000, 1.25e6)] == [
        "0",
        "500",
        "1.5k",
        "20k",
        "1.25M",
    ]


def test_a_log_axis_has_round_ticks() -> None:
    assert ticks(Axis(1.0, 8.0, log=True), 5) == (1.0, 2.0, 3.0, 5.0)
    assert ticks(Axis(0.001, 100.0, log=True), 6) == (0.001, 0.01, 0.1, 1.0, 10.0, 100.0)
