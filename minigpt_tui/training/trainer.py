"""The training loop: a generator that takes steps and reports what happened.

The trainer knows nothing of files, screens or threads. It yields events; whoever drives it writes
checkpoints when it yields `CheckpointDue`, and steers it through a `Control`.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from minigpt_tui.config import RunConfig, from_dict, to_dict
from minigpt_tui.inference.evaluation import Evaluation, evaluate
from minigpt_tui.model.build import build_model
from minigpt_tui.planning.step_plan import Change, StepPlan
from minigpt_tui.planning.steps import total_steps
from minigpt_tui.runs.checkpoint import Checkpoint, load_checkpoint
from minigpt_tui.text.token_file import TokenFile
from minigpt_tui.text.tokenizers import Tokenizer
from minigpt_tui.training.batches import BatchSource, seed_for
from minigpt_tui.training.control import Control
from minigpt_tui.training.device import resolve_device
from minigpt_tui.training.events import (
    CheckpointDue,
    EpochEnded,
    Evaluated,
    Event,
    Finished,
    Paused,
    Replanned,
    Resumed,
    StepDone,
    Waiting,
)
from minigpt_tui.training.execution import (
    MOST_THREADS,
    Execution,
    median_step_seconds,
    supports_bf16,
)
from minigpt_tui.training.schedule import learning_rate
from minigpt_tui.training.stepper import Stepper
from minigpt_tui.training.time_budget import TimeBudget

PAUSE_POLL_SECONDS = 0.2


@dataclass(frozen=True)
class TrainingData:
    """What the trainer learns from: the tokenizer and the token files of both splits."""

    tokenizer: Tokenizer
    train: TokenFile
    val: TokenFile | None


@dataclass
class Progress:
    """Where a training stands: everything beside weights and optimizer that a resume needs."""

    step: int = 0
    seconds: float = 0.0
    best_val_loss: float = math.inf
    evaluations_without_best: int = 0
    evaluation_due: bool = True
    epoch_loss_sum: float = 0.0
    """Sum of nats over the targets of the epoch in hand."""
    epoch_targets: int = 0
    epoch_seconds: float = 0.0
    wall_seconds: float = 0.0
    """Like `seconds`, with evaluations, checkpoints and samples: what a time budget pays."""


class Trainer:
    """Trains one model. `run` does the work; `checkpoint` and `load_checkpoint` keep its state.

    Without an `execution` the arithmetic is done in fp32. `planned_steps` is the first plan of a
    run with a time budget; `known_changes` are those that a run to be resumed has recorded.
    """

    def __init__(
        self,
        config: RunConfig,
        data: TrainingData,
        execution: Execution | None = None,
        *,
        planned_steps: int | None = None,
        known_changes: Sequence[Change] = (),
    ) -> None:
        self.config = config
        self.data = data
        self.device = resolve_device(config.training.device)
        self.model = build_model(config.model, data.tokenizer.vocab_size)
        self.model.init_weights(torch.Generator().manual_seed(self._seed("weights")))
        self.model.to(self.device)
        threads = config.training.threads or MOST_THREADS
        execution = execution or Execution("fp32", threads)
        self.stepper = Stepper(self.model, config.training, self.device, execution)
        self.batches = BatchSource(
            data.train.ids,
            config.model.max_seq_len,
            config.training.batch_size,
            config.training.seed,
        )
        self.steps_per_epoch = self.batches.steps_per_epoch
        steps = planned_steps or total_steps(config.training, self.steps_per_epoch)
        self.plan = StepPlan(steps)
        self._known_changes = deque(known_changes)
        self._budget = TimeBudget(config.training.minutes)
        # A time budget is too short to measure what every untrained model scores.
        self.progress = Progress(evaluation_due=config.training.minutes is None)
        self.last_evaluation: Evaluation | None = None

    @property
    def execution(self) -> Execution:
        return self.stepper.execution

    @property
    def total_steps(self) -> int:
        return self.plan.total_steps

    @property
    def parameters(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())

    @property
    def epochs_completed(self) -> int:
        return self.progress.step // self.steps_per_epoch

    def run(self, control: Control) -> Iterator[Event]:
        """Trains to the end, a stop or a divergence; the last event is `Finished`."""
        self._clock = time.perf_counter()
        while True:
            if self.progress.evaluation_due:
                yield from self._evaluate(control)
            if control.stopping():
                yield from self._finish("stopped", "Stopped; it can be resumed.")
                return
            if self.progress.step >= self.total_steps:
                yield from self._finish("completed", "All steps done.")
                return
            patience = self.config.training.patience
            if patience and self.progress.evaluations_without_best >= patience:
                yield from self._finish(
                    "completed", f"Stopped early: {patience} evaluations brought no better model."
                )
                return
            if control.paused:
                yield from self._pause(control)
                continue
            if control.take_checkpoint_request():
                yield self._due("last")
            yield from self._replan()
            done = self.train_step()
            if done is None:
                yield Finished(
                    "diverged",
                    self.progress.step,
                    "The loss is no longer a number. A lower learning rate helps; "
                    "so does grad_clip 1.",
                )
                return
            yield done
            yield from self._after_step()

    def checkpoint(self, *, resumable: bool) -> Checkpoint:
        """The state as it stands, complete in itself; with the optimizer if `resumable`."""
        progress = self.progress
        metrics: dict[str, Any] = {
            "epoch": self.epochs_completed,
            "step": progress.step,
            "best_val_loss": progress.best_val_loss,
            "seconds": progress.seconds,
        }
        if self.last_evaluation is not None:
            metrics |= asdict(self.last_evaluation)
        trainer_state = None
        if resumable:
            trainer_state = {
                "optimizer": self.stepper.optimizer.state_dict(),
                "progress": asdict(progress),
                "execution": asdict(self.execution),
                "micro_batch": self.stepper.micro_batch,
                "device": self.device.type,
                "train_digest": self.data.train.digest,
                "planned_steps": self.plan.planned_steps,
                "changes": [asdict(change) for change in self.plan.changes],
            }
        return Checkpoint(
            model_state=self.model.state_dict(),
            tokenizer_json=self.data.tokenizer.to_json(),
            config=to_dict(self.config),
            metrics=metrics,
            trainer_state=trainer_state,
            vocab_size=self.data.tokenizer.vocab_size,
        )

    def load_checkpoint(self, path: str | Path) -> list[str]:
        """Takes up the training where the checkpoint left it.

        Returns the reasons why the continuation will not be bit for bit the uninterrupted run
        (empty on the same machine). Raises ValueError when the file is damaged, carries no
        optimizer, or belongs to another model or another text.
        """
        saved = load_checkpoint(Path(path))
        state = saved.trainer_state
        if state is None:
            raise ValueError(
                f"{path} holds a model but no optimizer, so training cannot go on from it. "
                "Resume from last_state.pt or a checkpoint_epoch_N.pt."
            )
        if state["train_digest"] != self.data.train.digest:
            raise ValueError(f"{path} was trained on another text than the one given now.")
        if from_dict(saved.config).model != self.config.model:
            raise ValueError(f"{path} holds a model of another shape than the configuration.")
        self.model.load_state_dict(saved.model_state)
        self.stepper.optimizer.load_state_dict(state["optimizer"])
        self.stepper.micro_batch = state["micro_batch"]
        self.progress = Progress(**state["progress"])
        self.last_evaluation = _evaluation_from(saved.metrics)
        inexact = []
        saved_execution = Execution(**state["execution"])
        if saved_execution.precision == "bf16" and not supports_bf16(self.device):
            inexact.append("this machine has no fast bfloat16")
        else:
            self.stepper.carry_out(saved_execution)
        if self.device.type != state["device"]:
            inexact.append(f"device {self.device.type} instead of {state['device']}")
        changes = [Change(**change) for change in state["changes"]]
        self.plan = StepPlan(state["planned_steps"], changes)
        self._known_changes = deque(c for c in self._known_changes if c not in changes)
        self._budget.start_at(self.progress.step, self.progress.wall_seconds)
        return inexact

    def train_step(self) -> StepDone | None:
        """One optimizer step; None, with the weights untouched, if the loss is not finite."""
        started = time.perf_counter()
        progress = self.progress
        batch = self.batches.batch(progress.step)
        scheduled = self.plan.scheduled_step(progress.step)
        lr = learning_rate(self.config.training, scheduled, self.plan.planned_steps)
        taken = self.stepper.take(
            batch, lr, lambda first: self._seed("dropout", progress.step, first)
        )
        if taken is None:
            return None

        seconds = time.perf_counter() - started
        epoch, part = divmod(progress.step, self.steps_per_epoch)
        progress.step += 1
        progress.seconds += seconds
        progress.epoch_seconds += seconds
        progress.epoch_loss_sum += taken.loss * batch.n_targets
        progress.epoch_targets += batch.n_targets
        return StepDone(
            step=progress.step,
            epoch=epoch + 1,
            batch=part + 1,
            loss=taken.loss,
            lr=lr,
            grad_norm=taken.grad_norm,
            n_targets=batch.n_targets,
            seconds=progress.seconds,
        )

    def _after_step(self) -> Iterator[Event]:
        """Marks what is due at this step. The checkpoint comes before the evaluation."""
        training, step = self.config.training, self.progress.step
        epoch_complete = step % self.steps_per_epoch == 0
        if self._at_epoch_end or (training.eval_every and step % training.eval_every == 0):
            self.progress.evaluation_due = True
        every = training.checkpoint_every
        if epoch_complete and every and self.epochs_completed % every == 0:
            yield self._due("epoch")
        elif step == self.total_steps:
            yield self._due("last")

    def _evaluate(self, control: Control) -> Iterator[Event]:
        """Measures the validation split; when interrupted, the evaluation stays due."""
        progress = self.progress
        text, held_out = self._evaluation_text()
        result = evaluate(
            self.model,
            text.ids,
            self.config.training.batch_size,
            characters=text.characters,
            bytes=text.bytes,
            unknown_bytes=text.unknown_bytes,
            should_stop=control.stopping,
        )
        if result is None:
            return
        self.last_evaluation = result
        is_best = result.val_loss < progress.best_val_loss
        if is_best:
            progress.best_val_loss = result.val_loss
            progress.evaluations_without_best = 0
        else:
            progress.evaluations_without_best += 1
        progress.evaluation_due = False
        if is_best:
            yield self._due("best")
        yield Evaluated(
            step=progress.step,
            epoch=self.epochs_completed,
            val_loss=result.val_loss,
            perplexity=result.perplexity,
            bits_per_char=result.bits_per_char,
            bits_per_byte=result.bits_per_byte,
            is_best=is_best,
            held_out=held_out,
        )
        if self._at_epoch_end and progress.epoch_targets:
            yield EpochEnded(
                epoch=math.ceil(progress.step / self.steps_per_epoch),
                train_loss=progress.epoch_loss_sum / progress.epoch_targets,
                val_loss=result.val_loss if held_out else None,
                perplexity=result.perplexity if held_out else None,
                seconds=progress.epoch_seconds,
                tokens_per_second=progress.epoch_targets / max(progress.epoch_seconds, 1e-9),
                is_best=is_best,
            )
            progress.epoch_loss_sum, progress.epoch_targets = 0.0, 0
            progress.epoch_seconds = 0.0

    def _evaluation_text(self) -> tuple[TokenFile, bool]:
        """The validation split; without one, the beginning of the training text."""
        if self.data.val is not None:
            return self.data.val, True
        return _beginning_of(self.data.train), False

    def _replan(self) -> Iterator[Event]:
        """Keeps a time budget: repeats the changes that are on record, then makes its own."""
        step = self.progress.step
        self._tick()
        while self._known_changes and self._known_changes[0].step <= step:
            self.plan.change(self._known_changes.popleft())
        if self._known_changes:
            return
        change = self._budget.change(step, self.progress.wall_seconds, self.total_steps)
        if change is not None:
            yield Replanned(change.step, change.total_steps)  # durable before it acts
            self.plan.change(change)

    def _tick(self) -> None:
        """Adds the time since the last tick to what the run has cost."""
        now = time.perf_counter()
        self.progress.wall_seconds += now - self._clock
        self._clock = now

    def _pause(self, control: Control) -> Iterator[Event]:
        self._tick()
        yield Paused(self.progress.step)
        while not control.wait_while_paused(PAUSE_POLL_SECONDS):
            if control.take_checkpoint_request():
                yield self._due("last")
            yield Waiting(self.progress.step)
        self._clock = time.perf_counter()
        if not control.stopping():
            yield Resumed(self.progress.step)

    def _finish(self, state: str, message: str) -> Iterator[Event]:
        yield self._due("final" if state == "completed" else "last")
        yield Finished(state, self.progress.step, message)

    def _due(self, kind: str) -> CheckpointDue:
        return CheckpointDue(kind, self.progress.step, self.epochs_completed)

    @property
    def _at_epoch_end(self) -> bool:
        step = self.progress.step
        return step > 0 and (step % self.steps_per_epoch == 0 or step == self.total_steps)

    def _seed(self, *purpose: str | int) -> int:
        return seed_for(self.config.training.seed, *purpose)


EVALUATED_WITHOUT_SPLIT = 50_000
"""Tokens of the training text that stand in for a validation split when there is none."""


def seconds_per_step(config: RunConfig, data: TrainingData, execution: Execution) -> float:
    """Times real steps on a model that is thrown away afterwards."""
    trainer = Trainer(config, data, execution)
    return median_step_seconds(trainer.train_step, trainer.device)


def _beginning_of(text: TokenFile) -> TokenFile:
    """The first tokens of a text; its counts of characters and bytes are taken in proportion."""
    kept = text.ids[:EVALUATED_WITHOUT_SPLIT]
    share = len(kept) / text.tokens
    return replace(
        text,
        ids=kept,
        characters=max(1, round(text.characters * share)),
        bytes=max(1, round(text.bytes * share)),
        unknown_tokens=round(text.unknown_tokens * share),
        unknown_bytes=round(text.unknown_bytes * share),
    )


def _evaluation_from(metrics: dict[str, Any]) -> Evaluation | None:
    names = Evaluation.__dataclass_fields__
    return (
        Evaluation(**{n: metrics[n] for n in names}) if all(n in metrics for n in names) else None
    )
