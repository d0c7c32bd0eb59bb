"""The training loop: a generator that takes steps and reports what happened.

The trainer knows nothing of files, screens or threads. It yields events; whoever drives it writes
checkpoints when it yields `CheckpointDue`, and steers it through a `Control`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.inference.evaluation import Evaluation, evaluate
from minigpt_tui.model.build import build_model
from minigpt_tui.planning.step_plan import Change
from minigpt_tui.planning.steps import total_steps
from minigpt_tui.runs.checkpoint import Checkpoint, load_checkpoint
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.text.token_file import TokenFile
from minigpt_tui.text.tokenizers import Tokenizer
from minigpt_tui.training.batches import BatchSource, seed_for
from minigpt_tui.training.control import Control, Orders
from minigpt_tui.training.device import resolve_device
from minigpt_tui.training.diagnosis import Diagnosis, Finding, divergence_advice
from minigpt_tui.training.distributed import ALONE, World
from minigpt_tui.training.events import (
    CheckpointDue,
    Diagnosed,
    EpochEnded,
    Evaluated,
    Event,
    Finished,
    Paused,
    PlanChanged,
    Resumed,
    RollbackDue,
    StepDone,
    Waiting,
)
from minigpt_tui.training.execution import MOST_THREADS, Execution, median_step_seconds
from minigpt_tui.training.progress import Progress
from minigpt_tui.training.state import checkpoint_of, take_up
from minigpt_tui.training.steering import Steering
from minigpt_tui.training.stepper import Stepper

PAUSE_POLL_SECONDS = 0.2
SPIKE_MARGIN_STEPS = 50
"""A spike is found some steps after it began: states so close before are not taken for good."""


@dataclass(frozen=True)
class TrainingData:
    """What the trainer learns from: the tokenizer and the token files of both splits."""

    tokenizer: Tokenizer
    train: TokenFile
    val: TokenFile | None


class Trainer:
    """Trains one model. `run` does the work; `checkpoint` and `load_checkpoint` keep its state.

    Without an `execution` the arithmetic is done in fp32. `planned_steps` is the first plan of a
    run with a time budget; `known_changes` are those that a run to be resumed has recorded;
    `references` are the losses of models that need no training, for the diagnosis. Every process
    of a `world` has a trainer, and they take each step together.
    """

    def __init__(
        self,
        config: RunConfig,
        data: TrainingData,
        execution: Execution | None = None,
        *,
        planned_steps: int | None = None,
        known_changes: Sequence[Change] = (),
        references: BaselineLosses | None = None,
        world: World = ALONE,
    ) -> None:
        self.config = config
        self.data = data
        self.world = world
        self.device = resolve_device(config.training.device)
        self.model = build_model(config.model, data.tokenizer.vocab_size)
        self.model.init_weights(torch.Generator().manual_seed(self._seed("weights")))
        self.model.to(self.device)
        threads = config.training.threads or MOST_THREADS
        execution = execution or Execution("fp32", threads)
        self.stepper = Stepper(self.model, config.training, self.device, execution, world)
        self.batches = BatchSource(
            data.train.ids,
            config.model.max_seq_len,
            config.training.batch_size,
            config.training.seed,
        )
        self.steps_per_epoch = self.batches.steps_per_epoch
        steps = planned_steps or total_steps(config.training, self.steps_per_epoch)
        self.steering = Steering(config.training, steps, known_changes)
        self.references = references
        self.diagnosis = self._new_diagnosis(steps)
        # A time budget is too short to measure what every untrained model scores.
        self.progress = Progress(evaluation_due=config.training.minutes is None)
        self.last_evaluation: Evaluation | None = None
        self._clock = time.perf_counter()

    @property
    def execution(self) -> Execution:
        return self.stepper.execution

    @property
    def total_steps(self) -> int:
        return self.steering.total_steps

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
            orders = yield from self._steer(control)
            if orders.stop:
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
            if orders.pause:
                yield from self._pause(control)
                continue
            if orders.checkpoint:
                yield self._due("last")
            if orders.evaluate:
                self.progress.evaluation_due = True
                continue
            done = self.train_step()
            if done is not None:
                yield done
                yield from self._after_step()
            trouble = self._trouble(done)
            yield from self._report(trouble)
            severe = next((finding for finding in trouble if finding.severe), None)
            if severe is not None and not (yield from self._roll_back(severe)):
                yield Finished("diverged", self.progress.step, f"{severe.message} {severe.advice}")
                return

    def checkpoint(self, *, resumable: bool) -> Checkpoint:
        """The state as it stands, complete in itself; with the optimizer if `resumable`.

        Where the weights are dealt out, every process must call this.
        """
        return checkpoint_of(self, resumable=resumable)

    def load_checkpoint(self, path: str | Path) -> list[str]:
        """Takes up the training where the checkpoint left it.

        Returns the reasons why the continuation will not be bit for bit the uninterrupted run
        (empty on the same machine). Raises ValueError when the file is damaged, carries no
        optimizer, or belongs to another model or another text.
        """
        return take_up(self, load_checkpoint(Path(path)), Path(path))

    def go_back_to(self, path: str | Path | None) -> None:
        """The answer to `RollbackDue`: the state in the file, or of a new run; time has passed."""
        spent, best = self.progress, self.progress.best_val_loss
        changes = self.steering.plan.changes
        if path is not None:
            self.load_checkpoint(path)
        else:
            fresh = Trainer(self.config, self.data, self.execution, references=self.references)
            take_up(self, fresh.checkpoint(resumable=True), Path("a new run"))
        self.steering.take_up(
            self.steering.plan.planned_steps, changes, self.progress.step, spent.wall_seconds
        )
        self.progress.seconds, self.progress.wall_seconds = spent.seconds, spent.wall_seconds
        # best_model.pt may come from the way that is given up; only a better one replaces it.
        self.progress.best_val_loss = min(best, self.progress.best_val_loss)

    def leave_out(self, seconds: float) -> None:
        """Time in which whoever drives the trainer stood still: it costs a time budget nothing."""
        self._clock += seconds

    def train_step(self) -> StepDone | None:
        """One optimizer step; None, with the weights untouched, if the loss is not finite."""
        started = time.perf_counter()
        progress = self.progress
        batch = self.batches.batch(progress.step)
        lr = self.steering.rate(progress.step)
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
            processes=None if self.world.alone else self.world,
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
        if held_out:
            yield from self._report(self.diagnosis.evaluated(progress.step, result.val_loss))
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

    def _steer(self, control: Control) -> Generator[Event, None, Orders]:
        """What is asked for now; what concerns the plan is done, and on record before."""
        self._tick()
        step, spent = self.progress.step, self.progress.wall_seconds
        self.steering.repeat(step)
        end_in_time = self.steering.end_in_time(step, spent) if self.world.first else None
        orders = self.world.agree(replace(control.take_orders(), end_in_time=end_in_time))
        for change in self.steering.changes(orders, step, spent):
            yield self._plan_changed(change, step)
            self.steering.act(change, spent)
            self.diagnosis.total_steps = self.total_steps
            if change.kind == "extended":
                self.progress.evaluations_without_best = 0
        return orders

    def _trouble(self, done: StepDone | None) -> list[Finding]:
        """What is wrong after a step; `done` is None where its loss was no number."""
        if done is not None:
            return self.diagnosis.step(done.step, done.loss, done.lr)
        training = self.config.training
        advice = divergence_advice(self.steering.rate(self.progress.step), training.grad_clip)
        return [Finding("nan", "The loss is no longer a number.", advice, severe=True)]

    def _report(self, findings: Iterable[Finding]) -> Iterator[Event]:
        for finding in findings:
            step = self.progress.step
            yield Diagnosed(step, finding.kind, finding.message, finding.advice)

    def _roll_back(self, finding: Finding) -> Generator[Event, None, bool]:
        """Goes back once to the last good state, if whoever drives the trainer brings it."""
        if self.steering.has_rolled_back:
            return False
        step = self.progress.step
        margin = 0 if finding.kind == "nan" else SPIKE_MARGIN_STEPS
        before = self.progress
        yield RollbackDue(step, max(0, step - margin), finding.message)
        if self.progress is before:
            return False
        change = self.steering.going_back(self.progress.step)
        yield self._plan_changed(change, step, finding.message)
        self.steering.act(change, self.progress.wall_seconds)
        return True

    def _plan_changed(self, change: Change, from_step: int, reason: str = "") -> PlanChanged:
        return PlanChanged(
            kind=change.kind,
            step=change.step,
            total_steps=change.total_steps,
            lr=change.lr_factor * self.config.training.lr,
            lr_factor=change.lr_factor,
            budget_minutes=change.budget_minutes,
            from_step=from_step,
            reason=reason,
        )

    def _tick(self) -> None:
        """Adds the time since the last tick to what the run has cost."""
        now = time.perf_counter()
        self.progress.wall_seconds += now - self._clock
        self._clock = now

    def _pause(self, control: Control) -> Iterator[Event]:
        self._tick()
        yield Paused(self.progress.step)
        while True:
            control.wait_while_paused(PAUSE_POLL_SECONDS)
            self._clock = time.perf_counter()  # a pause costs a time budget nothing
            orders = yield from self._steer(control)
            if orders.checkpoint:
                yield self._due("last")
            if not orders.pause:
                break
            yield Waiting(self.progress.step)
        if not orders.stop:
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

    def _new_diagnosis(self, planned_steps: int) -> Diagnosis:
        val = self.data.val
        return Diagnosis(
            planned_steps,
            self.references,
            uniform=math.log(self.data.tokenizer.vocab_size),
            unknown_share=val.unknown_tokens / val.tokens if val else 0.0,
        )


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
