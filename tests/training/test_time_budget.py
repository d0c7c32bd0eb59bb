"""A time budget is kept by changing the plan to the pace, and repeated on a resume."""

from __future__ import annotations

import pytest

from minigpt_tui.planning.step_plan import Change
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import PlanChanged, StepDone
from minigpt_tui.training.time_budget import TimeBudget
from minigpt_tui.training.trainer import Trainer


def spend(budget: TimeBudget, total_steps: int, pace: float) -> float:
    """Takes steps of `pace` seconds until the plan's end; the seconds that it took."""
    step = 0
    while step < total_steps:
        total_steps = budget.end(step, step * pace, total_steps) or total_steps
        step += 1
    return step * pace


@pytest.mark.parametrize("pace", [0.01, 0.05, 0.2])
def test_a_wrong_first_plan_still_ends_in_time(pace):
    assert spend(TimeBudget(1.0), 1200, pace) == pytest.approx(60, rel=0.02)


def test_a_plan_that_fits_is_left_alone():
    budget = TimeBudget(1.0)
    steps = budget.steps_that_fit(0.05)
    assert all(budget.end(step, step * 0.05, steps) is None for step in range(steps))


def test_without_minutes_nothing_changes():
    budget = TimeBudget(None)
    assert all(budget.end(step, 1e9, 100) is None for step in range(100))


def test_a_recorded_change_is_repeated_at_its_step(config, training_data):
    trainer = Trainer(config, training_data, planned_steps=40, known_changes=[Change(5, 12)])
    events = list(trainer.run(Control()))
    assert [e.step for e in events if isinstance(e, StepDone)][-1] == 12
    assert not [e for e in events if isinstance(e, PlanChanged)], "it stands in the record already"


def test_a_run_with_minutes_ends_when_they_are_over(config, training_data):
    config = with_settings(config, {"minutes": 0.05, "eval_every": 10_000})
    trainer = Trainer(config, training_data, planned_steps=100_000)
    events = list(trainer.run(Control()))
    assert any(isinstance(event, PlanChanged) for event in events)
    assert trainer.progress.wall_seconds < 6
