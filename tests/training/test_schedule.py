"""The learning rate rises, then falls as the configuration says."""

from __future__ import annotations

import pytest

from minigpt_tui.config import TrainingConfig
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
