"""What a run has on disk that a training can go on from."""

from __future__ import annotations

import logging
import math
import os
import shutil
from pathlib import Path
from typing import Any

from minigpt_tui.paths import DataFolder
from minigpt_tui.planning.step_plan import KINDS, Change
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.runs.journal import each_line
from minigpt_tui.runs.metrics import EVALUATION, METRIC, RecordWriter
from minigpt_tui.runs.probes import forget_probes_after
from minigpt_tui.text.safe import visible
from minigpt_tui.training.extension import Extension
from minigpt_tui.training.trainer import Trainer

_MOST_STEPS = 10**12

log = logging.getLogger(__name__)


def refuse_if_complete(
    run: RunFolder, trainer: Trainer, extension: Extension | None, *, complete: bool
) -> None:
    """Raises ValueError when the run is `complete` and not extended.

    All steps done is not complete yet: a run may have been killed before its last evaluation, or
    before its final model was written.
    """
    step = trainer.progress.step
    trainer.steering.repeat(step)
    if extension is not None and extension.goes_further:
        extension.check(step, trainer.steps_per_epoch)
    elif complete:
        more = 2 * max(1, trainer.epochs_completed)
        raise ValueError(
            f"{run.name} is complete: all its steps are done. To train it further: "
            f"minigpt-tui train --resume {run.name} --epochs {more}"
        )


def refuse_if_imported(run: RunFolder, info: RunInfo) -> None:
    """Raises ValueError where a run holds a model that was not trained here."""
    if info.imported:
        raise ValueError(
            f"{run.name} was imported: it has no optimizer to go on with. Begin a new run with its "
            f"weights: minigpt-tui train --start-from {run.name}"
        )


def copy_history(checkpoint: Path, run: RunFolder, step: int) -> None:
    """Takes the curve up to `step` along from the run that the checkpoint lies in, if it does."""
    origin = RunFolder(checkpoint.parent)
    for source, target, dtype in (
        (origin.metrics_file, run.metrics_file, METRIC),
        (origin.evaluations_file, run.evaluations_file, EVALUATION),
    ):
        if source.is_file():
            shutil.copyfile(source, target)
            writer = RecordWriter(target, dtype)
            writer.truncate_after(step)
            writer.close()
    if origin.probes_file.is_file():
        write_atomic(run.probes_file, origin.probes_file.read_bytes())
        forget_probes_after(run, step)


def recorded_changes(run: RunFolder) -> list[Change]:
    """How the plan was changed so far, in the order of the changes; the resumed run repeats it.

    Raises ValueError if the run's events are damaged.
    """
    lines = each_line(run.events_file)
    return [_change(line, run) for line in lines if line.get("event") in KINDS]


def _change(line: dict[str, Any], run: RunFolder) -> Change:
    step, end = line.get("step"), line.get("total_steps")
    factor, minutes = line.get("lr_factor", 1.0), line.get("budget_minutes")
    if (
        type(step) is not int
        or type(end) is not int
        or not 0 <= step <= end <= _MOST_STEPS
        or type(factor) not in (int, float)
        or not 0 < factor < math.inf
        or not (minutes is None or (type(minutes) in (int, float) and 0 < minutes < math.inf))
    ):
        raise ValueError(
            f"{visible(str(run.events_file))} has a change of plan that makes no sense. "
            "Go on from a checkpoint in a new run: minigpt-tui train --resume FILE."
        )
    return Change(step, end, line["event"], factor, minutes)


def newest_checkpoint(run: RunFolder, up_to_step: int | None = None) -> Path | None:
    """The whole checkpoint with the most steps that carries an optimizer; None without one.

    A damaged one is named in the log and passed by. Raises OSError or ValueError where the folder
    is gone or may not be looked into, which says nothing of what it holds.
    """
    steps: dict[Path, int] = {}
    for path in _present(run, run.final, run.last):
        step = _step_of(path)
        if step is not None and (up_to_step is None or step <= up_to_step):
            steps[path] = step
    return max(steps, key=lambda path: steps[path]) if steps else None


def run_at_its_newest(data: DataFolder, checkpoint: Path) -> RunFolder | None:
    """The run in this data folder whose newest state is in this file; None for any other file."""
    if checkpoint.resolve().parent.parent != data.runs.resolve():
        return None
    run = RunFolder(data.runs / checkpoint.resolve().parent.name)
    newest = newest_checkpoint(run)
    is_newest = newest is not None and newest.resolve() == checkpoint.resolve()
    return run if is_newest else None


def remove_beyond(run: RunFolder, step: int) -> None:
    """Deletes the resumable checkpoints of later steps: the training went back and leaves them.

    Raises as `newest_checkpoint`.
    """
    for path in _present(run, run.last):
        its_step = _step_of(path)
        if its_step is not None and its_step > step:
            path.unlink()


def _present(run: RunFolder, *named: Path) -> list[Path]:
    """Those of the named checkpoints that exist, then the periodic ones."""
    names = set(os.listdir(run.path))  # a folder that is gone raises, where a look finds no file
    return [*(path for path in named if path.name in names), *run.epoch_checkpoints().values()]


def _step_of(path: Path) -> int | None:
    """The step of a checkpoint; None of a damaged one, which the log names."""
    try:
        step: int = load_checkpoint(path).metrics["step"]
    except ValueError as error:
        if isinstance(error.__cause__, FileNotFoundError | PermissionError):
            raise
        log.warning("%s", error)
        return None
    return step
