"""A training job: the same function in the workbench's thread and in the headless command.

`train_new`, `train_resumed` and `train_branch` hold the run's lock, drive the trainer, write the
run folder and report each event to `on_event`, which may print it. They return when the training
ended. Under torchrun every process calls the same function with its `world`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from minigpt_tui import __version__
from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.interop.loggers import check_logger
from minigpt_tui.jobs.deciding import decide
from minigpt_tui.jobs.drive import Listener, Outcome, drive, follow
from minigpt_tui.jobs.prepare import Prepared, prepare
from minigpt_tui.jobs.resuming import (
    copy_history,
    newest_checkpoint,
    recorded_changes,
    refuse_if_complete,
    refuse_if_imported,
)
from minigpt_tui.jobs.starting_from import config_of_start
from minigpt_tui.paths import DataFolder, check_name
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from minigpt_tui.runs.folder import RunFolder, create_run, read_config, read_info, write_info
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.run_tokenizer import digest_of_tokenizer, read_tokenizer
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.tokenizers import Tokenizer, tokenizer_from_json
from minigpt_tui.training.control import Control
from minigpt_tui.training.distributed import ALONE, World
from minigpt_tui.training.events import Preparing
from minigpt_tui.training.execution import Execution
from minigpt_tui.training.extension import Extension
from minigpt_tui.training.sharding import load_weights
from minigpt_tui.training.trainer import Trainer, TrainingData

NICENESS = 10


def train_new(
    config: RunConfig,
    data: DataFolder,
    control: Control,
    *,
    name: str | None = None,
    on_event: Listener = lambda event: None,
    on_run: Callable[[RunFolder], None] = lambda run: None,
    start_from: Checkpoint | None = None,
    world: World = ALONE,
) -> Outcome:
    """Trains a new run; `on_run` is called as soon as it has a folder.

    With `start_from` it has that model's shape and vocabulary, and begins with its weights.
    Raises ValueError when it cannot begin and CancelledError when it is stopped before its first
    step; neither leaves anything behind.
    """
    if name is not None:
        _check_name_is_free(name, data)
    check_logger(config.training.log)
    tokenizer = None
    if start_from is not None:
        config = config_of_start(config, start_from)
        tokenizer = tokenizer_from_json(start_from.tokenizer_json)
    prepared = _prepare(config, data, tokenizer, control, on_event, world)
    training_data = _training_data(prepared)
    on_event(Preparing("Trying how this machine computes fastest"))
    decided = decide(config, training_data, data, control.stopping) if world.first else None
    decided = world.from_first(decided)
    assert decided is not None
    trainer = Trainer(
        decided.config,
        training_data,
        decided.execution,
        planned_steps=decided.planned_steps,
        references=prepared.baselines,
        world=world,
    )
    begun = None
    if start_from is not None:
        load_weights(trainer.model, start_from.model_state)
        begun = trainer.checkpoint(resumable=True)

    def fill(hidden: RunFolder) -> None:
        _write_facts(hidden, prepared.tokenizer.to_json(), _info(prepared, trainer))
        if begun is not None:  # a run that is killed before it saves must not begin at random
            save_checkpoint(hidden.last, begun)

    run = create_run(data, name, decided.config, fill) if world.first else None
    run = world.from_first(run)
    assert run is not None
    if not world.first:
        return follow(run, trainer, control)
    with run_lock(run):
        on_run(run)
        return drive(run, trainer, prepared, control, on_event, decided.notes)


def train_resumed(
    run: RunFolder,
    data: DataFolder,
    control: Control,
    *,
    extension: Extension | None = None,
    on_event: Listener = lambda event: None,
    world: World = ALONE,
) -> Outcome:
    """Goes on with a run from its newest checkpoint that can be resumed, or from its start.

    Raises ValueError when the run is being trained, is complete and not extended, or its corpus
    has changed; CancelledError when it is stopped before its first step.
    """
    with _lock_of_first(run, world):
        config, info = read_config(run), read_info(run)
        refuse_if_imported(run, info)
        tokenizer = read_tokenizer(run)
        prepared = _prepare(config, data, tokenizer, control, on_event, world)
        if prepared.corpus.digest != info.corpus_digest:
            raise ValueError(
                f"The corpus of {run.name} has changed since the run began, so it cannot go on. "
                "Restore the text, or start a new run."
            )
        trainer = Trainer(
            config,
            _training_data(prepared),
            Execution(info.precision or "fp32", info.threads, bool(info.compiled)),
            planned_steps=info.total_steps,
            known_changes=recorded_changes(run),
            references=prepared.baselines,
            world=world,
        )
        path = world.from_first(newest_checkpoint(run) if world.first else None)
        reasons = trainer.load_checkpoint(path) if path is not None else []
        if world.first:
            complete = read_status(run).state == "completed"
            refuse_if_complete(run, trainer, extension, complete=complete)
        if extension is not None:
            extension.ask(control, trainer.steps_per_epoch)
        if not world.first:
            return follow(run, trainer, control)
        notes = [f"This resume is not exact: {reason}" for reason in reasons]
        return drive(run, trainer, prepared, control, on_event, notes)


def train_branch(
    checkpoint: Path,
    data: DataFolder,
    control: Control,
    *,
    name: str | None = None,
    extension: Extension | None = None,
    on_event: Listener = lambda event: None,
) -> Outcome:
    """A new run that goes on from a checkpoint file; the run that the file comes from is kept.

    Raises ValueError when the file cannot be resumed from or its corpus has changed.
    """
    if name is not None:
        _check_name_is_free(name, data)
    saved = load_checkpoint(checkpoint)
    if saved.trainer_state is None:
        raise ValueError(
            f"{checkpoint} holds a model but no optimizer, so training cannot go on from it. "
            "Resume from last_state.pt or a checkpoint_epoch_N.pt."
        )
    config = from_dict(saved.config)
    tokenizer = tokenizer_from_json(saved.tokenizer_json)
    prepared = _prepare(config, data, tokenizer, control, on_event, ALONE)
    trainer = Trainer(
        config,
        _training_data(prepared),
        planned_steps=saved.trainer_state["planned_steps"],
        references=prepared.baselines,
    )
    reasons = trainer.load_checkpoint(checkpoint)

    def fill(hidden: RunFolder) -> None:
        _write_facts(hidden, saved.tokenizer_json, _info(prepared, trainer))
        copy_history(checkpoint, hidden, trainer.progress.step)
        save_checkpoint(hidden.last, saved)

    run = create_run(data, name, config, fill)
    with run_lock(run):
        complete = trainer.progress.step >= trainer.total_steps
        refuse_if_complete(run, trainer, extension, complete=complete)
        if extension is not None:
            extension.ask(control, trainer.steps_per_epoch)
        notes = [f"This run goes on from {checkpoint}"]
        notes += [f"This resume is not exact: {reason}" for reason in reasons]
        return drive(run, trainer, prepared, control, on_event, notes)


def lower_priority() -> None:
    """Lets the screen go first: lowers the priority of this thread and of those it starts.

    To be called in the training thread before its first torch operation. Linux alone schedules
    single threads; elsewhere nothing happens.
    """
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)


def _prepare(
    config: RunConfig,
    data: DataFolder,
    tokenizer: Tokenizer | None,
    control: Control,
    on_event: Listener,
    world: World,
) -> Prepared:
    with world.one_after_the_first():
        return prepare(
            config,
            data,
            tokenizer,
            say=lambda message: on_event(Preparing(message)),
            should_stop=control.stopping,
        )


@contextmanager
def _lock_of_first(run: RunFolder, world: World) -> Iterator[None]:
    if not world.first:
        yield
        return
    with run_lock(run):
        yield


def _write_facts(run: RunFolder, tokenizer_json: str, info: RunInfo) -> None:
    """Writes what a run knows from its start on, before anybody sees its folder."""
    write_atomic(run.tokenizer_file, tokenizer_json.encode())
    write_info(run, replace(info, tokenizer_digest=digest_of_tokenizer(tokenizer_json)))


def _training_data(prepared: Prepared) -> TrainingData:
    return TrainingData(prepared.tokenizer, prepared.train, prepared.val)


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
        total_steps=trainer.steering.plan.planned_steps,
        baselines=trainer.references,
        device=trainer.device.type,
        threads=trainer.execution.threads,
        precision=trainer.execution.precision,
        compiled=int(trainer.execution.compiled),
        opening=prepared.opening,
    )


def _check_name_is_free(name: str, data: DataFolder) -> None:
    """Says so before the work of preparing; `create_run` checks again."""
    if (data.runs / check_name(name, "run name")).exists():
        raise ValueError(f"There is a run named {name} already. Choose another name, or resume it.")
