"""The learning rate rises, then falls as the configuration says."""

from __future__ import annotations

import itertools

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.config import TrainingConfig
from minigpt_tui.settings import settings
from minigpt_tui.training.schedule import learning_rate


def test_warm_up_rises_to_the_peak():
    training = TrainingConfig(lr=1.0, warmup_steps=10)
    rates = [learning_rate(training, step, 1000) for step in range(11)]
    assert rates == sorted(rates)
    assert 0 < rates[0] < 0.1
    assert rates[-1] == 1.0


def test_cosine_ends_at_its_fraction_of_the_peak():
    training = TrainingConfig(lr=1.0, warmup_steps=10, final_lr_fraction=0.1)
    assert learning_rate(training, 999, 1000) == pytest.approx(0.1)
    middle = learning_rate(training, 10 + 989 // 2, 1000)
    assert middle == pytest.approx(0.55, abs=0.01)


def test_constant_stays_at_the_peak():
    training = TrainingConfig(lr=0.5, warmup_steps=0, schedule="constant")
    assert {learning_rate(training, step, 100) for step in range(100)} == {0.5}


def test_warm_up_takes_at_most_a_tenth_of_a_short_run():
    training = TrainingConfig(lr=1.0, warmup_steps=1000, schedule="constant")
    assert learning_rate(training, 2, 20) == 1.0


@pytest.mark.parametrize("total", [1, 2, 3])
def test_runs_of_a_few_steps_have_a_positive_rate(total):
    assert all(learning_rate(TrainingConfig(), step, total) > 0 for step in range(total))


def test_linear_falls_in_a_straight_line_to_zero():
    training = TrainingConfig(lr=1.0, warmup_steps=10, schedule="linear")
    rates = [learning_rate(training, step, 110) for step in range(10, 110)]
    assert rates[0] == 1.0
    assert rates[-1] == pytest.approx(0.01)
    falls = {round(before - after, 9) for before, after in itertools.pairwise(rates)}
    assert falls == {0.01}


def test_wsd_stays_and_falls_only_at_the_end():
    training = TrainingConfig(lr=1.0, warmup_steps=10, schedule="wsd", decay_fraction=0.25)
    rates = [learning_rate(training, step, 200) for step in range(200)]
    assert set(rates[10:151]) == {1.0}
    assert rates[150:] == pytest.approx([1 - i / 50 for i in range(50)])


def test_wsd_over_the_whole_run_is_linear():
    linear = TrainingConfig(lr=1.0, schedule="linear")
    wsd = TrainingConfig(lr=1.0, schedule="wsd", decay_fraction=1.0)
    for step in range(100):
        assert learning_rate(wsd, step, 100) == learning_rate(linear, step, 100)


@pytest.mark.parametrize("schedule", settings()["schedule"].choices)
@given(
    total=st.integers(1, 5000),
    place=st.floats(0, 1, exclude_max=True),
    warmup=st.integers(0, 10_000),
    decay=st.floats(0, 1),
)
@hypothesis.settings(deadline=None)
def test_every_schedule_stays_between_zero_and_the_peak(schedule, total, place, warmup, decay):
    training = TrainingConfig(lr=0.3, schedule=schedule, warmup_steps=warmup, decay_fraction=decay)
    assert 0 < learning_rate(training, int(place * total), total) <= 0.3


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd"])
def test_after_the_warm_up_no_schedule_rises(schedule):
    training = TrainingConfig(lr=1.0, warmup_steps=7, schedule=schedule)
    rates = [learning_rate(training, step / 2, 90) for step in range(14, 180)]
    assert rates == sorted(rates, reverse=True)
