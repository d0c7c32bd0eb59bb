"""Drives a trainer to its end and keeps the run folder true all the while."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from minigpt_tui.jobs.outside_log import OutsideLog, outside_log
from minigpt_tui.jobs.prepare import Prepared
from minigpt_tui.jobs.probes import Prober
from minigpt_tui.jobs.recorder import RunRecorder
from minigpt_tui.jobs.resuming import newest_checkpoint, remove_beyond
from minigpt_tui.jobs.room import Room
from minigpt_tui.jobs.samples import Sampler
from minigpt_tui.log_file import LogFile
from minigpt_tui.runs.atomic import sweep_temporaries
from minigpt_tui.runs.checkpoint import save_checkpoint
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.requests import take_requests
from minigpt_tui.runs.status import Status, read_status, write_status
from minigpt_tui.training.control import Control
from minigpt_tui.training.device import without_denormals
from minigpt_tui.training.events import (
    CheckpointDue,
    Evaluated,
    Event,
    Finished,
    Paused,
    Resumed,
    RollbackDue,
    Started,
    StepDone,
    Waiting,
)
from minigpt_tui.training.trainer import Trainer

log = logging.getLogger(__name__)

FIRST_AUTOSAVE_SECONDS = 20.0
AUTOSAVE_SECONDS = 300.0
HEARTBEAT_SECONDS = 5.0
REQUESTS_SECONDS = 1.0
"""How often the run folder is looked at for what other processes ask."""

Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Outcome:
    """How a job ended. `state`: completed, stopped or diverged."""

    run: RunFolder
    state: str
    message: str


def drive(
    run: RunFolder,
    trainer: Trainer,
    prepared: Prepared,
    control: Control,
    on_event: Listener,
    notes: Sequence[str],
) -> Outcome:
    """Trains to the end and writes the run folder; of several processes, in the first."""
    sweep_temporaries(run.path, older_than=0.0)  # the lock is ours: nobody else writes here
    recording: list[RunRecorder] = []  # the one below, which needs the room itself

    def tell(reason: str | None) -> None:
        step, standing = trainer.progress.step, room.standing
        for recorder in recording:
            if reason is None:
                recorder.go_on(step)
                on_event(Resumed(step))
            else:
                recorder.stand_still(step, reason)
                on_event(Waiting(step) if standing else Paused(step, reason))

    room = Room(run, control, tell, trainer.leave_out)
    with (
        without_denormals(),
        _log_into(run),
        RunRecorder(
            run,
            trainer.progress.step,
            trainer.steps_per_epoch,
            trainer.progress.best_val_loss,
            room.write,
        ) as recorder,
        outside_log(trainer.config, run, trainer.progress.step) as outside,
    ):
        recording.append(recorder)

        def publish(event: Event) -> None:
            recorder.record(event)
            on_event(event)
            if outside is not None:
                outside.record(event)
                say_findings(outside)

        def say_findings(outside: OutsideLog) -> None:
            for finding in outside.findings(recorder.status.step):
                recorder.record(finding)
                on_event(finding)

        for note in notes:
            log.info("%s", note)
        try:
            publish(_started(run, trainer, prepared))
            outcome = _work(run, trainer, control, room, recorder, publish)
            if outside is not None:
                outside.close()
                say_findings(outside)
            return outcome
        except BaseException as error:
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(run.path)  # a full disk does not say which
            log.exception("The training of %s failed", run.name)
            _record_failure(run, error)
            raise


def follow(run: RunFolder, trainer: Trainer, control: Control) -> Outcome:
    """The same in the other processes of a training, which write nothing."""
    with without_denormals():
        for event in trainer.run(control):
            if isinstance(event, CheckpointDue) and trainer.stepper.sharded:
                trainer.checkpoint(resumable=event.kind != "best")
            elif isinstance(event, RollbackDue):
                trainer.go_back_to(trainer.world.from_first(None))
            elif isinstance(event, Finished):
                return Outcome(run, event.state, event.message)
    raise AssertionError("a trainer ends with Finished")


def _work(
    run: RunFolder,
    trainer: Trainer,
    control: Control,
    room: Room,
    recorder: RunRecorder,
    publish: Listener,
) -> Outcome:
    sampler, prober = Sampler(trainer, control), room.write(partial(Prober, trainer, run))
    if prober.due(trainer.progress.step):
        room.write(partial(prober.take, trainer.progress.step))
    last_beat = last_look = time.monotonic()
    last_save = last_beat - AUTOSAVE_SECONDS + FIRST_AUTOSAVE_SECONDS
    for event in trainer.run(control):
        now = time.monotonic()
        if isinstance(event, CheckpointDue):
            _save(event, trainer, run, room, recorder)
            last_save = now if event.kind != "best" else last_save
            continue
        if isinstance(event, RollbackDue):
            _roll_back(event, trainer, run, room, recorder)
            prober.go_back_to(trainer.progress.step)
            continue
        publish(event)
        if isinstance(event, StepDone) and prober.due(event.step):
            room.write(partial(prober.take, event.step))
        # Where the weights are dealt out, the model cannot be asked by one process alone.
        if isinstance(event, Evaluated) and not trainer.stepper.sharded:
            for sample in sampler.samples(event.step):
                publish(sample)
        elif isinstance(event, Finished):
            if event.state == "completed":
                with _harmless("The last probe was not taken"):  # by who stops it while it waits
                    room.write(partial(prober.take, event.step, last=True))
                recorder.go_on(event.step)  # the run is complete all the same
            return Outcome(run, event.state, event.message)
        if now - last_look > REQUESTS_SECONDS:
            _obey(take_requests(run), control)
            last_look = now
        if now - last_save > AUTOSAVE_SECONDS:
            control.request_checkpoint()
            last_save = now
        if now - last_beat > HEARTBEAT_SECONDS:
            recorder.heartbeat()
            last_beat = now
    raise AssertionError("a trainer ends with Finished")


def _obey(requests: Sequence[str], control: Control) -> None:
    """Hands on what another process has asked through the run folder."""
    for request in requests:
        log.info("Another process asks to %s", request)
        control.obey(request)


def _save(
    due: CheckpointDue, trainer: Trainer, run: RunFolder, room: Room, recorder: RunRecorder
) -> None:
    path = {
        "epoch": run.epoch_checkpoint(due.epochs_completed),
        "best": run.best,
        "last": run.last,
        "final": run.final,
    }[due.kind]
    checkpoint = trainer.checkpoint(resumable=due.kind != "best")
    room.write(partial(save_checkpoint, path, checkpoint), needed=checkpoint.bytes)
    if due.kind == "final":
        with _harmless("Not deleted"):
            run.last.unlink(missing_ok=True)  # save_checkpoint has verified the final one
    recorder.checkpoint_saved(due.kind, path.name, due.step)
    keep = trainer.config.training.keep_checkpoints
    if due.kind == "epoch" and keep:
        _keep_the_latest(run, keep)


def _keep_the_latest(run: RunFolder, keep: int) -> None:
    """Deletes the other periodic checkpoints; those that cannot be deleted stay until the next."""
    with _harmless("Not deleted yet"):
        for old in list(run.epoch_checkpoints().values())[:-keep]:
            with _harmless("Not deleted yet"):
                old.unlink(missing_ok=True)


@contextmanager
def _harmless(what: str) -> Iterator[None]:
    """What no model is lost by: the log names it, and the training goes on."""
    try:
        yield
    except OSError as error:
        log.warning("%s: %s", what, error)


def _roll_back(
    due: RollbackDue, trainer: Trainer, run: RunFolder, room: Room, recorder: RunRecorder
) -> None:
    """Puts the trainer back to the newest good state, and gives up what lies beyond it."""
    path = room.write(partial(newest_checkpoint, run, up_to_step=due.before))
    log.warning("Step %d: %s Going back to %s", due.step, due.reason, path or "the start")
    path = trainer.world.from_first(path)
    room.write(partial(trainer.go_back_to, path))
    room.write(partial(remove_beyond, run, trainer.progress.step))
    room.write(partial(recorder.go_back_to, trainer.progress.step))


def _started(run: RunFolder, trainer: Trainer, prepared: Prepared) -> Started:
    return Started(
        run_path=str(run.path),
        run_name=run.name,
        step=trainer.progress.step,
        total_steps=trainer.total_steps,
        steps_per_epoch=trainer.steps_per_epoch,
        epochs=-(-trainer.total_steps // trainer.steps_per_epoch),
        parameters=trainer.parameters,
        vocab_size=prepared.tokenizer.vocab_size,
        device=trainer.device.type,
        threads=trainer.execution.threads,
        precision=trainer.execution.precision,
        warnings=prepared.warnings,
    )


def _record_failure(run: RunFolder, error: BaseException) -> None:
    """Leaves the reason in status.json; when even that cannot be written, the log has it."""
    status: Status = read_status(run)
    status.state = "failed"
    status.message = str(error) or type(error).__name__
    try:
        write_status(run, status)
    except OSError as disk_error:
        log.error("status.json could not be written: %s", disk_error)


@contextmanager
def _log_into(run: RunFolder) -> Iterator[None]:
    """Sends the program's log into the run folder while the run is trained."""
    handler = LogFile(run.log_file)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger("minigpt_tui")
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
