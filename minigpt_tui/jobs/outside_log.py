"""Hands the figures of a training to a logger (TensorBoard, wandb) without waiting for it.

The training puts what happened into a queue and goes on; a thread takes it out. What does not fit
into the queue is left out, and a logger that fails is given up: both are said once, as a finding
of the run, whose own record is complete in any case.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.interop.loggers import Logger, open_logger
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.training.events import (
    Diagnosed,
    Evaluated,
    Event,
    PlanChanged,
    Sampled,
    StepDone,
)

log = logging.getLogger(__name__)

MOST_STEPS_A_SECOND = 20
"""Of more steps a second, so many are logged: the run's own record has all of them."""
_MOST_WAITING = 4096
_FLUSH_SECONDS = 5.0
CLOSE_SECONDS = 10.0
"""So long the end of a training waits for what is still to be sent."""

_Job = Callable[[Logger], None]


@contextmanager
def outside_log(config: RunConfig, run: RunFolder, step: int) -> Iterator[OutsideLog | None]:
    """The log that the configuration asks for, or none; closed at the end."""
    kind = config.training.log
    if kind == "none":
        yield None
        return
    outside = OutsideLog(kind, run, to_dict(config), step)
    try:
        yield outside
    finally:
        outside.close()


class OutsideLog:
    """Takes events; `findings` says what went wrong since it was last asked."""

    def __init__(self, kind: str, run: RunFolder, config: Mapping[str, Any], step: int) -> None:
        self.kind = kind
        self._waiting: queue.Queue[_Job | None] = queue.Queue(_MOST_WAITING)
        self._failure = self._note = ""
        self._closed = False
        self._left_out = 0
        self._said: set[str] = set()
        self._last_step = 0.0
        self._seconds: float | None = None
        self._thread = threading.Thread(
            target=self._work,
            args=(run, config, step),
            name=f"log to {kind}",
            daemon=True,
        )
        self._thread.start()

    def record(self, event: Event) -> None:
        """Hands on an event, at once."""
        match event:
            case StepDone():
                self._step(event)
            case Evaluated():
                kind = "val" if event.held_out else "train/epoch"
                values = {
                    f"{kind}/loss": event.val_loss,
                    f"{kind}/bits_per_char": event.bits_per_char,
                    f"{kind}/bits_per_byte": event.bits_per_byte,
                }
                self._scalars(event.step, values)
            case Sampled():
                text, step = event.prompt + event.text, event.step
                self._put(lambda logger: logger.text(step, "sample", text))
            case PlanChanged() if event.from_step > event.step:
                step = event.step
                self._put(lambda logger: logger.go_back(step))

    def findings(self, step: int) -> Iterator[Diagnosed]:
        """What the owner of the run should know, each only once."""
        if self._failure and self._once("failure"):
            message = f"Logging to {self.kind} has ended: {self._failure}"
            yield Diagnosed(step, "log", message, "The training and its own record go on.")
        if self._note and self._once("note"):
            advice = "`wandb sync` with that folder's wandb/offline-run-… sends it later."
            yield Diagnosed(step, "log", self._note, advice)
        if self._left_out and self._once("left out"):
            message = f"{self.kind} is slower than the training: some steps are not logged there."
            yield Diagnosed(step, "log", message, "The run's own record has all of them.")

    def close(self) -> None:
        """Lets the thread finish what waits, for a while. May be called again."""
        if self._closed or not self._thread.is_alive():
            return
        self._closed = True
        try:
            self._waiting.put(None, timeout=CLOSE_SECONDS)
        except queue.Full:
            log.warning("%s does not take what waits for it", self.kind)
            return
        self._thread.join(CLOSE_SECONDS)
        if self._thread.is_alive():
            log.warning("%s is still sending while the training has ended", self.kind)

    def _once(self, what: str) -> bool:
        new = what not in self._said
        self._said.add(what)
        return new

    def _step(self, event: StepDone) -> None:
        seconds, self._seconds = self._seconds, event.seconds
        now = time.monotonic()
        if now - self._last_step < 1 / MOST_STEPS_A_SECOND:
            return
        self._last_step = now
        values = {
            "train/loss": event.loss,
            "train/lr": event.lr,
            "train/grad_norm": event.grad_norm,
        }
        if seconds is not None and event.seconds > seconds:
            values["train/tokens_per_second"] = event.n_targets / (event.seconds - seconds)
        self._scalars(event.step, values)

    def _scalars(self, step: int, values: dict[str, float]) -> None:
        self._put(lambda logger: logger.scalars(step, values))

    def _put(self, job: _Job) -> None:
        if self._failure:
            return
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            self._left_out += 1

    def _work(self, run: RunFolder, config: Mapping[str, Any], step: int) -> None:
        """The thread: whatever a foreign package raises ends the logging and nothing else."""
        try:
            logger = open_logger(self.kind, run.path, run.name, config, step)
            self._note = logger.note
            try:
                self._drain(logger)
            finally:
                logger.close()
        except Exception as error:
            log.exception("Logging to %s has ended", self.kind)
            self._failure = f"{type(error).__name__}: {error}".rstrip(": ")

    def _drain(self, logger: Logger) -> None:
        flushed = time.monotonic()
        while True:
            try:
                job = self._waiting.get(timeout=_FLUSH_SECONDS)
            except queue.Empty:
                logger.flush()
                continue
            if job is None:
                return
            job(logger)
            if time.monotonic() - flushed > _FLUSH_SECONDS:
                logger.flush()
                flushed = time.monotonic()
