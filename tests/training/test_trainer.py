"""What the training loop reports, and that a resume is the uninterrupted run, bit for bit."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import pytest
import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.runs.checkpoint import save_checkpoint
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import (
    CheckpointDue,
    EpochEnded,
    Evaluated,
    Event,
    Finished,
    Paused,
    Resumed,
    StepDone,
    Waiting,
)
from minigpt_tui.training.trainer import Trainer, TrainingData


def run(trainer: Trainer, control: Control | None = None) -> list[Event]:
    return list(trainer.run(control or Control()))


def of_kind(events: list[Event], kind: type) -> list:
    return [event for event in events if isinstance(event, kind)]


def test_the_loss_falls_and_every_epoch_is_reported(config, training_data):
    events = run(Trainer(config, training_data))
    evaluations = of_kind(events, Evaluated)
    assert evaluations[0].step == 0
    assert evaluations[0].val_loss == pytest.approx(
        math.log(training_data.tokenizer.vocab_size), rel=0.05
    ), "an untrained model guesses evenly"
    assert evaluations[-1].val_loss < evaluations[0].val_loss - 0.2
    assert [event.epoch for event in of_kind(events, EpochEnded)] == [1, 2, 3]
    assert isinstance(events[-1], Finished)
    assert events[-1].state == "completed"


def test_the_epoch_loss_is_the_mean_over_its_targets(config, training_data):
    events = run(Trainer(config, training_data))
    first = [event for event in of_kind(events, StepDone) if event.epoch == 1]
    targets = sum(event.n_targets for event in first)
    assert targets == training_data.train.tokens - 1
    mean = sum(event.loss * event.n_targets for event in first) / targets
    assert of_kind(events, EpochEnded)[0].train_loss == pytest.approx(mean)


def test_the_same_seed_gives_the_same_run_and_another_seed_another(config, training_data):
    losses = [
        [event.loss for event in of_kind(run(Trainer(c, training_data)), StepDone)]
        for c in (config, config, with_settings(config, {"seed": 7}))
    ]
    assert losses[0] == losses[1] != losses[2]


def test_use_of_the_default_generator_elsewhere_does_not_change_the_run(config, training_data):
    quiet = [event.loss for event in of_kind(run(Trainer(config, training_data)), StepDone)]
    disturbed = []
    for event in Trainer(config, training_data).run(Control()):
        torch.rand(3)
        if isinstance(event, StepDone):
            disturbed.append(event.loss)
    assert quiet == disturbed


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
@pytest.mark.parametrize("optimizer", ["adam", "adamw", "muon"])
@pytest.mark.parametrize("stop_after", [1, 9, 13])
def test_a_resume_is_bit_for_bit_the_uninterrupted_run(
    config, training_data, tmp_path, layout, optimizer, stop_after
):
    config = with_settings(config, {"layout": layout, "optimizer": optimizer, "eval_every": 4})
    whole = Trainer(config, training_data)
    whole_events = run(whole)

    interrupted, control = Trainer(config, training_data), Control()
    for event in interrupted.run(control):
        if isinstance(event, StepDone) and event.step == stop_after:
            control.stop()
    path = tmp_path / "last_state.pt"
    save_checkpoint(path, interrupted.checkpoint(resumable=True))

    resumed = Trainer(config, training_data)
    assert resumed.load_checkpoint(path) == []
    resumed_events = run(resumed)
    for name, weight in whole.model.state_dict().items():
        assert torch.equal(weight, resumed.model.state_dict()[name]), name
    whole_losses = {e.step: e.val_loss for e in of_kind(whole_events, Evaluated)}
    for event in of_kind(resumed_events, Evaluated):
        assert whole_losses[event.step] == event.val_loss
    assert resumed.progress.best_val_loss == whole.progress.best_val_loss


def test_a_stop_within_an_evaluation_leaves_it_due(config, training_data, tmp_path):
    control = Control()
    trainer = Trainer(config, training_data)
    for event in trainer.run(control):
        if isinstance(event, StepDone) and event.step == trainer.steps_per_epoch:
            control.stop()
    assert trainer.progress.evaluation_due
    path = tmp_path / "last_state.pt"
    save_checkpoint(path, trainer.checkpoint(resumable=True))
    resumed = Trainer(config, training_data)
    resumed.load_checkpoint(path)
    first = next(event for event in resumed.run(Control()) if isinstance(event, Evaluated))
    assert first.step == trainer.steps_per_epoch


def test_the_checkpoint_comes_before_the_evaluation_of_its_step(config, training_data):
    config = with_settings(config, {"checkpoint_every": 1})
    events = run(Trainer(config, training_data))
    kept = [i for i, e in enumerate(events) if isinstance(e, CheckpointDue) and e.kind == "epoch"]
    assert len(kept) == 3
    for index in kept:
        later = next(e for e in events[index:] if isinstance(e, Evaluated))
        assert later.step == events[index].step


def test_pausing_holds_the_steps_until_resumed(config, training_data):
    control = Control()
    control.pause()
    seen: list[Event] = []
    for event in Trainer(config, training_data).run(control):
        seen.append(event)
        if isinstance(event, Waiting):
            control.resume()
    kinds = [type(event) for event in seen]
    assert kinds.index(Paused) < kinds.index(Resumed) < kinds.index(StepDone)


def test_a_paused_training_can_be_stopped(config, training_data):
    control = Control()
    control.pause()
    seen = []
    for event in Trainer(config, training_data).run(control):
        seen.append(event)
        if isinstance(event, Waiting):
            control.stop()
    assert seen[-1].state == "stopped"
    assert not of_kind(seen, StepDone)


def test_a_checkpoint_can_be_asked_for(config, training_data):
    control = Control()
    control.request_checkpoint()
    events = run(Trainer(config, training_data), control)
    assert of_kind(events, CheckpointDue)[1].kind == "last"


def test_a_loss_that_is_no_number_ends_the_run_with_its_weights_intact(config, training_data):
    trainer = Trainer(with_settings(config, {"lr": 10.0, "grad_clip": 0.0}), training_data)
    with torch.no_grad():
        trainer.model.head.weight[0, 0] = math.inf
    before = trainer.model.blocks[0].attention.qkv.weight.clone()
    last = run(trainer)[-1]
    assert isinstance(last, Finished)
    assert last.state == "diverged"
    assert torch.equal(before, trainer.model.blocks[0].attention.qkv.weight)


def test_zero_epochs_give_an_untrained_model(config, training_data):
    events = run(Trainer(with_settings(config, {"epochs": 0}), training_data))
    assert not of_kind(events, StepDone)
    assert [e.kind for e in of_kind(events, CheckpointDue)] == ["best", "final"]


def test_steps_bound_the_run_within_an_epoch(config, training_data):
    events = run(Trainer(with_settings(config, {"steps": 5}), training_data))
    assert of_kind(events, StepDone)[-1].step == 5
    assert of_kind(events, Evaluated)[-1].step == 5


def test_without_a_validation_split_the_training_text_is_measured(config, training_data):
    data = dataclasses.replace(training_data, val=None)
    events = run(Trainer(config, data))
    assert not any(event.held_out for event in of_kind(events, Evaluated))
    assert all(event.val_loss is None for event in of_kind(events, EpochEnded))
    assert any(event.kind == "best" for event in of_kind(events, CheckpointDue))


def test_patience_ends_a_run_that_gets_no_better(config, training_data):
    config = with_settings(config, {"epochs": 200, "patience": 2, "lr": 1e-9})
    config = with_settings(config, {"schedule": "constant"})
    trainer = Trainer(config, training_data)
    trainer.progress.best_val_loss = 0.0
    events = run(trainer)
    assert events[-1].state == "completed"
    assert "no better" in events[-1].message
    assert trainer.epochs_completed < 5


def test_a_model_without_optimizer_cannot_be_resumed(config, training_data, tmp_path):
    trainer = Trainer(config, training_data)
    path = tmp_path / "best_model.pt"
    save_checkpoint(path, trainer.checkpoint(resumable=False))
    with pytest.raises(ValueError, match="no optimizer"):
        trainer.load_checkpoint(path)


def test_a_checkpoint_of_another_shape_or_text_is_refused(
    config: RunConfig, training_data: TrainingData, tmp_path: Path
):
    path = tmp_path / "last_state.pt"
    save_checkpoint(path, Trainer(config, training_data).checkpoint(resumable=True))
    with pytest.raises(ValueError, match="another shape"):
        Trainer(with_settings(config, {"d_ff": 64}), training_data).load_checkpoint(path)
    assert training_data.val is not None
    other = dataclasses.replace(training_data, train=training_data.val)
    with pytest.raises(ValueError, match="another text"):
        Trainer(config, other).load_checkpoint(path)


def test_micro_batches_give_the_gradient_of_the_whole_batch(config, training_data):
    config = with_settings(config, {"dropout": 0.0, "epochs": 1})
    norms = []
    for micro_batch in (None, 3, 1):
        trainer = Trainer(with_settings(config, {"micro_batch": micro_batch}), training_data)
        norms.append([e.grad_norm for e in run(trainer) if isinstance(e, StepDone)])
    assert norms[1] == pytest.approx(norms[0], rel=1e-3)
    assert norms[2] == pytest.approx(norms[0], rel=1e-3)


def test_a_full_memory_halves_the_micro_batch_and_keeps_the_batch(config, training_data, caplog):
    trainer = Trainer(with_settings(config, {"dropout": 0.0}), training_data)
    whole = Trainer(with_settings(config, {"dropout": 0.0}), training_data)
    forward = trainer.stepper.forward

    def small_memory(ids: torch.Tensor) -> torch.Tensor:
        if len(ids) > 2:
            raise torch.OutOfMemoryError("full")
        return forward(ids)

    trainer.stepper.forward = small_memory
    done, expected = trainer.train_step(), whole.train_step()
    assert done is not None
    assert expected is not None
    assert trainer.stepper.micro_batch == 2
    assert done.loss == pytest.approx(expected.loss, rel=1e-5)
    assert "windows at a time" in caplog.text
