"""A training job: the same function in the workbench's thread and in the headless command.

`train_new` and `train_resumed` hold the run's lock, drive the trainer, write the run folder and
report each event to `on_event`, which may print it. They return when the training ended.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from minigpt_tui import __version__
from minigpt_tui.config import RunConfig
from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.deciding import decide_execution
from minigpt_tui.jobs.prepare import Prepared, prepare
from minigpt_tui.jobs.recorder import RunRecorder
from minigpt_tui.paths import DataFolder, check_name
from minigpt_tui.planning.memory import check_memory
from minigpt_tui.planning.step_plan import Change
from minigpt_tui.planning.time_plan import planned_for_time
from minigpt_tui.runs.atomic import sweep_temporaries
from minigpt_tui.runs.checkpoint import load_checkpoint, save_checkpoint
from minigpt_tui.runs.folder import RunFolder, create_run, read_config, read_info, write_info
from minigpt_tui.runs.info import BaselineLosses, RunInfo
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.status import Status, read_status, write_status
from minigpt_tui.text.tokenizers import tokenizer_from_json
from minigpt_tui.training.batches import seed_for
from minigpt_tui.training.control import Control
from minigpt_tui.training.device import resolve_device, without_denormals
from minigpt_tui.training.events import (
    CheckpointDue,
    Evaluated,
    Event,
    Finished,
    Preparing,
    Sampled,
    Started,
)
from minigpt_tui.training.execution import matrix_product_speed
from minigpt_tui.training.time_budget import TimeBudget
from minigpt_tui.training.trainer import Trainer, TrainingData

log = logging.getLogger(__name__)

FIRST_AUTOSAVE_SECONDS = 20.0
AUTOSAVE_SECONDS = 300.0
HEARTBEAT_SECONDS = 5.0
SAMPLE_TOKENS = 120
SAMPLE_TEMPERATURE = 0.8
SAMPLE_TIME_SHARE = 0.03
"""Samples may take this share of the training time; those that would take more are left out."""
NICENESS = 10

Listener = Callable[[Event], None]


@dataclass(frozen=True)
class Outcome:
    """How a job ended. `state`: completed, stopped or diverged."""

    run: RunFolder
    state: str
    message: str


def train_new(
    config: RunConfig,
    data: DataFolder,
    control: Control,
    *,
    name: str | None = None,
    on_event: Listener = lambda event: None,
) -> Outcome:
    """Trains a new run.

    Raises ValueError when it cannot begin and CancelledError when it is stopped before its first
    step; neither leaves anything behind.
    """
    if name is not None:
        _check_name_is_free(name, data)
    prepared = prepare(
        config,
        data,
        say=lambda message: on_event(Preparing(message)),
        should_stop=control.stopping,
    )
    training_data = TrainingData(prepared.tokenizer, prepared.train, prepared.val)
    on_event(Preparing("Trying how this machine computes fastest"))
    if config.training.plan == "time":
        speed = matrix_product_speed(resolve_device(config.training.device))
        vocab_size = prepared.tokenizer.vocab_size
        config = planned_for_time(config, prepared.train.tokens, vocab_size, speed)
        check_memory(config, vocab_size)
    decision = decide_execution(config, training_data, data, control.stopping)
    planned_steps = None
    if config.training.minutes is not None:
        assert decision.seconds_per_step is not None, "a time budget has its step measured"
        budget = TimeBudget(config.training.minutes)
        planned_steps = budget.steps_that_fit(decision.seconds_per_step)
    trainer = Trainer(config, training_data, decision.execution, planned_steps=planned_steps)
    run = create_run(data, name, config)
    with run_lock(run):
        run.tokenizer_file.write_text(prepared.tokenizer.to_json(), encoding="utf-8")
        write_info(run, _info(prepared, trainer))
        return _drive(run, trainer, prepared, control, on_event, decision.notes)


def train_resumed(
    run: RunFolder,
    data: DataFolder,
    control: Control,
    *,
    on_event: Listener = lambda event: None,
) -> Outcome:
    """Goes on with a run from its newest checkpoint that can be resumed.

    Raises ValueError when the run is being trained, is complete, or its corpus has changed;
    CancelledError when it is stopped before its first step.
    """
    with run_lock(run):
        config = read_config(run)
        tokenizer = tokenizer_from_json(run.tokenizer_file.read_text(encoding="utf-8"))
        prepared = prepare(
            config,
            data,
            tokenizer,
            say=lambda message: on_event(Preparing(message)),
            should_stop=control.stopping,
        )
        if prepared.corpus.digest != read_info(run).corpus_digest:
            raise ValueError(
                f"The corpus of {run.name} has changed since the run began, so it cannot go on. "
                "Restore the text, or start a new run."
            )
        trainer = Trainer(
            config,
            TrainingData(prepared.tokenizer, prepared.train, prepared.val),
            known_changes=_recorded_changes(run),
        )
        notes = [f"This resume is not exact: {reason}" for reason in _load_newest(trainer, run)]
        return _drive(run, trainer, prepared, control, on_event, notes)


def lower_priority() -> None:
    """Lets the screen go first: lowers the priority of this thread and of those it starts.

    To be called in the training thread before its first torch operation. Linux alone schedules
    single threads; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _drive(
    run: RunFolder,
    trainer: Trainer,
    prepared: Prepared,
    control: Control,
    on_event: Listener,
    notes: Sequence[str],
) -> Outcome:
    """Runs the trainer to its end and keeps the run folder true all the while."""
    sweep_temporaries(run.path, older_than=0.0)  # the lock is ours: nobody else writes here
    with (
        without_denormals(),
        _log_into(run),
        RunRecorder(
            run,
            trainer.progress.step,
            trainer.steps_per_epoch,
            trainer.progress.best_val_loss,
        ) as recorder,
    ):

        def publish(event: Event) -> None:
            recorder.record(event)
            on_event(event)

        for note in notes:
            log.info("%s", note)
        try:
            publish(_started(run, trainer, prepared))
            sampler = _Sampler(trainer, control)
            last_beat = time.monotonic()
            last_save = last_beat - AUTOSAVE_SECONDS + FIRST_AUTOSAVE_SECONDS
            finished: Finished | None = None
            for event in trainer.run(control):
                now = time.monotonic()
                if isinstance(event, CheckpointDue):
                    _save(event, trainer, run, recorder)
                    last_save = now if event.kind != "best" else last_save
                    continue
                publish(event)
                if isinstance(event, Evaluated):
                    for sample in sampler.samples(event.step):
                        publish(sample)
                elif isinstance(event, Finished):
                    finished = event
                if now - last_save > AUTOSAVE_SECONDS:
                    control.request_checkpoint()
                    last_save = now
                if now - last_beat > HEARTBEAT_SECONDS:
                    recorder.heartbeat()
                    last_beat = now
            assert finished is not None, "a trainer ends with Finished"
            return Outcome(run, finished.state, finished.message)
        except BaseException as error:
            if isinstance(error, OSError) and error.filename is None:
                error.filename = str(run.path)  # a full disk does not say which
            log.exception("The training of %s failed", run.name)
            _record_failure(run, error)
            raise


def _save(due: CheckpointDue, trainer: Trainer, run: RunFolder, recorder: RunRecorder) -> None:
    path = {
        "epoch": run.epoch_checkpoint(due.epochs_completed),
        "best": run.best,
        "last": run.last,
        "final": run.final,
    }[due.kind]
    save_checkpoint(path, trainer.checkpoint(resumable=due.kind != "best"))
    if due.kind == "final":
        run.last.unlink(missing_ok=True)  # save_checkpoint has verified the final one
    recorder.checkpoint_saved(due.kind, path.name, due.step)


def _recorded_changes(run: RunFolder) -> list[Change]:
    """How the plan was changed so far; the resumed run repeats it."""
    return [
        Change(line["step"], line["total_steps"])
        for line in read_lines(run.events_file)
        if line.get("event") == "replanned"
    ]


def _load_newest(trainer: Trainer, run: RunFolder) -> list[str]:
    """Loads the checkpoint with the most steps; a damaged one is named in the log and passed by."""
    if run.final.exists():
        raise ValueError(f"{run.name} is complete: all its steps are done.")
    steps = {}
    for path in [run.last, *run.epoch_checkpoints().values()]:
        if path.exists():
            try:
                steps[path] = load_checkpoint(path).metrics["step"]
            except ValueError as error:
                log.warning("%s", error)
    if not steps:
        raise ValueError(
            f"{run.name} has no checkpoint to resume from: it ended before the first was written."
        )
    return trainer.load_checkpoint(max(steps, key=lambda path: steps[path]))


class _Sampler:
    """Lets the model write a little after an evaluation, without costing much time."""

    def __init__(self, trainer: Trainer, control: Control) -> None:
        self.trainer = trainer
        self.control = control
        self.spent = 0.0
        self.service = GPTService.from_parts(
            trainer.model, trainer.data.tokenizer, trainer.config, {}
        )

    def samples(self, step: int) -> Iterator[Sampled]:
        is_last = step >= self.trainer.total_steps
        if not is_last and self.spent > SAMPLE_TIME_SHARE * self.trainer.progress.seconds:
            return
        started = time.perf_counter()
        training = self.trainer.config.training
        pieces = []
        for piece in self.service.generate(
            training.sample_prompt,
            max_new_tokens=SAMPLE_TOKENS,
            temperature=SAMPLE_TEMPERATURE,
            seed=seed_for(training.seed, "sample", step),
        ):
            pieces.append(piece)
            if self.control.stopping():
                break
        self.spent += time.perf_counter() - started
        yield Sampled(step, training.sample_prompt, "".join(pieces))


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


def _info(prepared: Prepared, trainer: Trainer) -> RunInfo:
    val = prepared.val
    return RunInfo(
        created=time.time(),
        version=__version__,
        corpus_name=prepared.corpus.name,
        corpus_digest=prepared.corpus.digest,
        level=prepared.tokenizer.level,
        vocab_size=prepared.tokenizer.vocab_size,
        parameters=trainer.parameters,
        train_tokens=prepared.train.tokens,
        val_tokens=val.tokens if val else 0,
        val_characters=val.characters if val else 0,
        val_bytes=val.bytes if val else 0,
        unknown_share=val.unknown_tokens / val.tokens if val else 0.0,
        steps_per_epoch=trainer.steps_per_epoch,
        total_steps=trainer.total_steps,
        baselines=BaselineLosses(**asdict(prepared.baselines)) if prepared.baselines else None,
        device=trainer.device.type,
        threads=trainer.execution.threads,
    )


def _check_name_is_free(name: str, data: DataFolder) -> None:
    """Says so before the work of preparing; `create_run` checks again."""
    if (data.runs / check_name(name, "run name")).exists():
        raise ValueError(f"There is a run named {name} already. Choose another name, or resume it.")


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
    handler = logging.FileHandler(run.log_file, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger("minigpt_tui")
    root.setLevel(logging.INFO)
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()
