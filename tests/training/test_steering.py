"""A run is steered: another rate, more steps, a way back. All of it is on record and repeated."""

from __future__ import annotations

import math
from dataclasses import fields

import pytest
import torch

from minigpt_tui.planning.step_plan import Change
from minigpt_tui.runs.checkpoint import save_checkpoint
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import (
    Diagnosed,
    Evaluated,
    Finished,
    PlanChanged,
    RollbackDue,
    StepDone,
)
from minigpt_tui.training.trainer import Trainer


def of_kind(events: list, kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def changes_in(events: list) -> list[Change]:
    names = [field.name for field in fields(Change)]
    return [Change(**{n: getattr(e, n) for n in names}) for e in of_kind(events, PlanChanged)]


def same_state(one: Trainer, other: Trainer) -> bool:
    def tensors(trainer: Trainer) -> list[torch.Tensor]:
        found: list[torch.Tensor] = []

        def walk(value: object) -> None:
            if isinstance(value, torch.Tensor):
                found.append(value)
            elif isinstance(value, dict):
                for name in sorted(value, key=str):
                    walk(value[name])
            elif isinstance(value, list):
                for item in value:
                    walk(item)

        walk(trainer.model.state_dict())
        walk(trainer.stepper.optimizer.state_dict())
        return found

    pairs = zip(tensors(one), tensors(other), strict=True)
    return all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("schedule", ["cosine", "linear", "wsd"])
@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_an_extended_run_is_exact_against_one_that_was_never_interrupted(
    config, training_data, tmp_path, schedule, optimizer
):
    config = with_settings(config, {"steps": 8, "schedule": schedule, "optimizer": optimizer})
    first = Trainer(config, training_data)
    list(first.run(Control()))
    path = tmp_path / "final_model.pt"
    save_checkpoint(path, first.checkpoint(resumable=True))

    extended, control = Trainer(config, training_data), Control()
    extended.load_checkpoint(path)
    control.extend(total_steps=14)
    events = list(extended.run(control))
    assert of_kind(events, StepDone)[-1].step == 14
    changes = changes_in(events)
    assert [(c.kind, c.step, c.total_steps) for c in changes] == [("extended", 8, 14)]
    assert min(e.lr for e in of_kind(events, StepDone)) > 0, "the added steps learn"

    whole = Trainer(config, training_data, known_changes=changes)
    list(whole.run(Control()))
    assert whole.progress.step == 14
    assert same_state(whole, extended)


def test_a_run_extended_on_its_way_ends_with_its_schedule(config, training_data):
    config = with_settings(config, {"steps": 10, "schedule": "linear", "warmup_steps": 0})
    trainer, control = Trainer(config, training_data), Control()
    rates = []
    for event in trainer.run(control):
        if isinstance(event, StepDone):
            rates.append(event.lr)
            if event.step == 5:
                control.extend(total_steps=20)
    assert len(rates) == 20
    assert rates == sorted(rates, reverse=True)
    assert rates[-1] == pytest.approx(config.training.lr * 0.5 / 15)


def test_another_rate_is_on_record_before_it_acts_and_repeated_on_a_resume(
    config, training_data, tmp_path
):
    config = with_settings(config, {"steps": 12, "schedule": "constant", "warmup_steps": 0})
    steered, control = Trainer(config, training_data), Control()
    events = []
    path = tmp_path / "last_state.pt"
    for event in steered.run(control):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 3:
            save_checkpoint(path, steered.checkpoint(resumable=True))
        if isinstance(event, StepDone) and event.step == 6:
            control.set_learning_rate(1e-4)
    rates = {e.step: e.lr for e in of_kind(events, StepDone)}
    assert rates[6] == config.training.lr
    assert rates[7] == pytest.approx(1e-4)

    resumed = Trainer(config, training_data, known_changes=changes_in(events))
    resumed.load_checkpoint(path)
    again = list(resumed.run(Control()))
    assert not of_kind(again, PlanChanged), "it stands in the record already"
    assert same_state(steered, resumed)


def test_more_minutes_go_on_from_the_time_that_was_spent(config, training_data):
    config = with_settings(config, {"steps": 30})
    trainer, control = Trainer(config, training_data), Control()
    for event in trainer.run(control):
        if isinstance(event, StepDone) and event.step == 30:
            control.extend(minutes=0.02)
            spent = trainer.progress.wall_seconds
    assert trainer.progress.step > 30
    assert trainer.steering.plan.changes[0].kind == "extended"
    assert trainer.progress.wall_seconds < spent + 5


def test_an_evaluation_can_be_asked_for(config, training_data):
    trainer, control = Trainer(config, training_data), Control()
    events = []
    for event in trainer.run(control):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 2:
            control.request_evaluation()
    assert 2 in [event.step for event in of_kind(events, Evaluated)]


def break_at(trainer: Trainer, step: int) -> None:
    """Lets the loss of one step be no number, as after an overflow."""
    take = trainer.stepper.take

    def broken(*arguments):
        if trainer.progress.step == step and trainer.steering.plan.lr_factor == 1:
            return None
        return take(*arguments)

    trainer.stepper.take = broken


def test_after_nan_the_run_goes_back_once_with_a_lower_rate(config, training_data, tmp_path):
    config = with_settings(config, {"steps": 12})
    trainer = Trainer(config, training_data)
    break_at(trainer, 9)
    path = tmp_path / "checkpoint.pt"
    events = []
    for event in trainer.run(Control()):
        events.append(event)
        if isinstance(event, StepDone) and event.step == 6 and not path.exists():
            save_checkpoint(path, trainer.checkpoint(resumable=True))
        if isinstance(event, RollbackDue):
            assert event.step == event.before == 9
            trainer.go_back_to(path)
    back = of_kind(events, PlanChanged)
    assert [(e.kind, e.from_step, e.step) for e in back] == [("rolled-back", 9, 6)]
    assert back[0].lr == pytest.approx(0.3 * config.training.lr)
    assert of_kind(events, Diagnosed)[0].kind == "nan"
    assert of_kind(events, Finished)[-1].state == "completed"

    repeated = Trainer(config, training_data, known_changes=changes_in(events))
    list(repeated.run(Control()))
    assert same_state(trainer, repeated), "a resume from before the step goes the same way"


def test_without_a_checkpoint_it_begins_again(config, training_data):
    config = with_settings(config, {"steps": 6})
    trainer = Trainer(config, training_data)
    break_at(trainer, 4)
    steps = []
    for event in trainer.run(Control()):
        if isinstance(event, RollbackDue):
            trainer.go_back_to(None)
        if isinstance(event, StepDone):
            steps.append(event.step)
    assert steps == [1, 2, 3, 4, 1, 2, 3, 4, 5, 6]


def test_the_second_time_the_run_ends(config, training_data):
    trainer = Trainer(with_settings(config, {"steps": 12}), training_data)
    trainer.stepper.take = lambda *arguments: None
    events = []
    for event in trainer.run(Control()):
        events.append(event)
        if isinstance(event, RollbackDue):
            trainer.go_back_to(None)
    assert len(of_kind(events, RollbackDue)) == 1
    assert events[-1].state == "diverged"
    assert math.isinf(trainer.progress.best_val_loss) is False
