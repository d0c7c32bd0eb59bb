"""The state of a trainer as a checkpoint, and a checkpoint taken up by a trainer."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigpt_tui.config_files import from_dict, to_dict
from minigpt_tui.inference.evaluation import Evaluation
from minigpt_tui.planning.step_plan import Change
from minigpt_tui.runs.checkpoint import Checkpoint
from minigpt_tui.settings import differences
from minigpt_tui.training.diagnosis import DiagnosisState
from minigpt_tui.training.execution import Execution, supports_bf16
from minigpt_tui.training.progress import Progress
from minigpt_tui.training.sharding import load_optimizer, load_weights, whole_state

if TYPE_CHECKING:
    from minigpt_tui.training.trainer import Trainer


def checkpoint_of(trainer: Trainer, *, resumable: bool) -> Checkpoint:
    """The trainer's state, complete in itself; with the optimizer if `resumable`."""
    progress, plan = trainer.progress, trainer.steering.plan
    metrics: dict[str, Any] = {
        "epoch": trainer.epochs_completed,
        "step": progress.step,
        "best_val_loss": progress.best_val_loss,
        "seconds": progress.seconds,
    }
    if trainer.last_evaluation is not None:
        metrics |= asdict(trainer.last_evaluation)
    trainer_state = None
    if resumable:
        trainer_state = {
            "optimizer": whole_state(trainer.stepper.optimizer.state_dict()),
            "progress": asdict(progress),
            "diagnosis": asdict(trainer.diagnosis.state),
            "execution": asdict(trainer.execution),
            "micro_batch": trainer.stepper.micro_batch,
            "device": trainer.device.type,
            "processes": trainer.world.size,
            "train_digest": trainer.data.train.digest,
            "planned_steps": plan.planned_steps,
            "changes": [asdict(change) for change in plan.changes],
        }
    return Checkpoint(
        model_state=whole_state(trainer.model.state_dict()),
        tokenizer_json=trainer.data.tokenizer.to_json(),
        config=to_dict(trainer.config),
        metrics=metrics,
        trainer_state=trainer_state,
        vocab_size=trainer.data.tokenizer.vocab_size,
    )


def take_up(trainer: Trainer, saved: Checkpoint, path: Path) -> list[str]:
    """Puts the trainer where the checkpoint was; see `Trainer.load_checkpoint`."""
    state = saved.trainer_state
    if state is None:
        raise ValueError(
            f"{path} holds a model but no optimizer, so training cannot go on from it. "
            "Resume from last_state.pt or a checkpoint_epoch_N.pt."
        )
    if state["train_digest"] != trainer.data.train.digest:
        raise ValueError(f"{path} was trained on another text than the one given now.")
    saved_config = from_dict(saved.config)
    if saved_config.model != trainer.config.model:
        raise ValueError(f"{path} holds a model of another shape than the configuration.")
    load_weights(trainer.model, saved.model_state)
    load_optimizer(trainer.stepper.optimizer, state["optimizer"])
    trainer.stepper.micro_batch = state["micro_batch"]
    trainer.progress = Progress(**state["progress"])
    trainer.diagnosis.state = DiagnosisState(**state["diagnosis"])
    trainer.last_evaluation = _evaluation_from(saved.metrics)
    trainer.steering.take_up(
        state["planned_steps"],
        [Change(**change) for change in state["changes"]],
        trainer.progress.step,
        trainer.progress.wall_seconds,
    )
    trainer.diagnosis.total_steps = trainer.total_steps
    inexact = _carry_out(trainer, Execution(**state["execution"]))
    for name, (before, now) in differences(saved_config, trainer.config).items():
        if name != "corpus":  # it may have been moved; its content was compared above
            inexact.append(f"{name} is {now} now and was {before}")
    if trainer.device.type != state["device"]:
        inexact.append(f"device {trainer.device.type} instead of {state['device']}")
    if trainer.world.size != state["processes"]:
        inexact.append(f"{trainer.world.size} processes instead of {state['processes']}")
    return inexact


def _carry_out(trainer: Trainer, execution: Execution) -> list[str]:
    """Computes as the checkpoint's run did; the reasons why that cannot be."""
    if execution.precision == "bf16" and not supports_bf16(trainer.device):
        return ["this machine has no fast bfloat16"]
    trainer.stepper.carry_out(execution)
    if execution.compiled and not trainer.stepper.compiles():
        trainer.stepper.carry_out(Execution(execution.precision, execution.threads))
        return ["the model cannot be compiled here"]
    return []


def _evaluation_from(metrics: dict[str, Any]) -> Evaluation | None:
    names = Evaluation.__dataclass_fields__
    return (
        Evaluation(**{n: metrics[n] for n in names}) if all(n in metrics for n in names) else None
    )
