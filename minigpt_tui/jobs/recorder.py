"""Writes what happens in a training into its run folder, from which every face draws it."""

from __future__ import annotations

import contextlib
import logging
import math
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from types import TracebackType

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.journal import append_line
from minigpt_tui.runs.metrics import EVALUATION, METRIC, RecordWriter
from minigpt_tui.runs.probes import forget_probes_after
from minigpt_tui.runs.status import Status, read_status, write_status
from minigpt_tui.training.events import (
    Diagnosed,
    EpochEnded,
    Evaluated,
    Event,
    Finished,
    Paused,
    PlanChanged,
    Resumed,
    Sampled,
    Started,
    StepDone,
)

log = logging.getLogger(__name__)

STATUS_EVERY_SECONDS = 0.5
SPEED_WINDOW = 0.9
"""Weight of the past in the running means of speed and loss."""

Write = Callable[[Callable[[], None]], None]


def at_once(write: Callable[[], None]) -> None:
    """Tries a write once."""
    write()


class RunRecorder:
    """Appends metrics, evaluations, events and samples, and keeps `status.json` fresh.

    Each write goes through `write`, which may try it more than once.
    """

    def __init__(
        self,
        run: RunFolder,
        from_step: int,
        steps_per_epoch: int,
        best_val_loss: float,
        write: Write = at_once,
    ) -> None:
        self.run = run
        self._write = write
        self.steps_per_epoch = steps_per_epoch
        self.metrics = RecordWriter(run.metrics_file, METRIC)
        self.evaluations = RecordWriter(run.evaluations_file, EVALUATION)
        # A run that goes on from a checkpoint takes the later steps again.
        self.metrics.truncate_after(from_step)
        self.evaluations.truncate_after(from_step)
        forget_probes_after(run, from_step)
        self.status = Status(state="training")
        before = read_status(run)
        if before.step == from_step:  # of a run that goes on
            self.status.train_loss, self.status.val_loss = before.train_loss, before.val_loss
        if math.isfinite(best_val_loss):
            self.status.best_val_loss = best_val_loss
        self._step_seconds = 0.0
        self._last_seconds = 0.0
        self._last_written = 0.0
        self._standing_still = False

    def __enter__(self) -> RunRecorder:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for writer in (self.metrics, self.evaluations):
            try:
                writer.close()
            except OSError as refusal:  # what a checkpoint counts on is on the disk already
                log.warning("%s was not flushed: %s", writer.path.name, refusal)

    def record(self, event: Event) -> None:
        """Puts one event on disk."""
        match event:
            case StepDone():
                self._step(event)
            case Evaluated():
                self._evaluation(event)
            case Started():
                self.status.total_steps = event.total_steps
                self.status.epochs = event.epochs
                self.status.step = event.step
                self._journal("started", asdict(event))
                self._write_status()  # the first sign of life comes before the first step
            case EpochEnded():
                self._journal("epoch", asdict(event))
            case Sampled():
                line = {"time": time.time(), **asdict(event)}
                self._write(partial(append_line, self.run.samples_file, line))
            case PlanChanged():
                self.status.total_steps = event.total_steps
                self.status.epochs = -(-event.total_steps // self.steps_per_epoch)
                self._journal(event.kind, asdict(event))
            case Diagnosed():
                self._journal("diagnosis", asdict(event))
            case Paused():
                self._change_state("paused", event.step)
            case Resumed():
                self._change_state("training", event.step)
            case Finished():
                self.status.message = event.message
                self._change_state(event.state, event.step)

    def checkpoint_saved(self, kind: str, file_name: str, step: int) -> None:
        """Notes a checkpoint, once the metrics up to its step are on the disk as well."""
        self._write(self.metrics.flush)
        self._write(self.evaluations.flush)
        sums = {
            writer.path.name: [writer.rows, writer.checksum]
            for writer in (self.metrics, self.evaluations)
        }
        self._journal("checkpoint", {"kind": kind, "file": file_name, "step": step, **sums})

    def go_back_to(self, step: int) -> None:
        """The training stands at an earlier step again and takes the later ones anew."""
        self.metrics.truncate_after(step)
        self.evaluations.truncate_after(step)
        forget_probes_after(self.run, step)
        self.run.path.stat()  # without the folder there was nothing to forget; it is tried again
        self.status.step = step

    def stand_still(self, step: int, reason: str) -> None:
        """Says why nothing can be written, as far as that can be written."""
        now = time.time()
        news, self._standing_still = not self._standing_still, True
        with contextlib.suppress(OSError):
            still = replace(self.status, state="paused", message=reason, heartbeat=now)
            write_status(self.run, still)
            if news:
                line = {"time": now, "event": "paused", "step": step, "reason": reason}
                append_line(self.run.events_file, line)

    def go_on(self, step: int) -> None:
        """Says that what could not be written is written."""
        self._standing_still = False
        now = time.time()
        with contextlib.suppress(OSError):
            write_status(self.run, replace(self.status, heartbeat=now))
            if self.status.state == "training":
                append_line(self.run.events_file, {"time": now, "event": "training", "step": step})

    def heartbeat(self) -> None:
        """Tells other processes that this one lives, also while nothing else changes."""
        self._write_status()

    def _step(self, event: StepDone) -> None:
        row = partial(
            self.metrics.append,
            step=event.step,
            epoch=event.step / self.steps_per_epoch,
            loss=event.loss,
            lr=event.lr,
            grad_norm=event.grad_norm,
            tokens=event.n_targets,
            seconds=event.seconds,
        )
        self._write(row)
        status = self.status
        seconds = max(event.seconds - self._last_seconds, 1e-9) if self._last_seconds else 0.0
        self._last_seconds = event.seconds
        if seconds:
            speed = event.n_targets / seconds
            status.tokens_per_second = _running_mean(status.tokens_per_second, speed)
            self._step_seconds = _running_mean(self._step_seconds, seconds)
            status.eta_seconds = self._step_seconds * (status.total_steps - event.step)
        loss = status.train_loss
        status.train_loss = event.loss if loss is None else _running_mean(loss, event.loss)
        status.step, status.epoch, status.seconds = event.step, event.epoch, event.seconds
        if time.monotonic() - self._last_written >= STATUS_EVERY_SECONDS:
            self._write_status()

    def _evaluation(self, event: Evaluated) -> None:
        row = partial(
            self.evaluations.append,
            step=event.step,
            epoch=event.epoch,
            val_loss=event.val_loss,
            bits_per_char=event.bits_per_char,
            bits_per_byte=event.bits_per_byte,
            best=int(event.is_best),
        )
        self._write(row)
        self.status.val_loss = event.val_loss
        if event.is_best and math.isfinite(event.val_loss):
            self.status.best_val_loss = event.val_loss
        self._write_status()

    def _change_state(self, state: str, step: int) -> None:
        self.status.state = state
        self._journal(state, {"step": step})
        self._write_status()

    def _journal(self, kind: str, content: dict[str, object]) -> None:
        line = {"time": time.time(), "event": kind, **content}
        self._write(partial(append_line, self.run.events_file, line))

    def _write_status(self) -> None:
        self.status.heartbeat = time.time()
        self._write(partial(write_status, self.run, self.status))
        self._last_written = time.monotonic()


def _running_mean(mean: float, value: float) -> float:
    return value if mean == 0.0 else SPEED_WINDOW * mean + (1 - SPEED_WINDOW) * value
