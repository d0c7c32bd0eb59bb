"""The checkpoints of a run as a list shows them, without opening one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.runs.folder import RunFolder, read_info
from minigpt_tui.runs.journal import each_line
from minigpt_tui.runs.metrics import EVALUATION, read_records


@dataclass(frozen=True)
class CheckpointFile:
    """A checkpoint and what the run wrote down about it; None where it did not."""

    path: Path
    bytes: int
    written: float  # seconds since 1970
    step: int | None = None
    epoch: float | None = None  # epochs done
    val_loss: float | None = None  # nats a token, as measured at that step


def checkpoint_files(run: RunFolder) -> list[CheckpointFile]:
    """Every checkpoint: best, final, last, then the periodic ones in order.

    Raises ValueError if the run's records are broken, OSError if its folder cannot be read.
    """
    steps = {
        line["file"]: line["step"]
        for line in each_line(run.events_file)
        if line.get("event") == "checkpoint"
        and isinstance(line.get("file"), str)
        and isinstance(line.get("step"), int)
    }
    evaluations = read_records(run.evaluations_file, EVALUATION)
    losses = dict(zip(evaluations["step"].tolist(), evaluations["val_loss"].tolist(), strict=True))
    steps_per_epoch = read_info(run).steps_per_epoch
    found = []
    for path in run.checkpoints():
        try:
            status = path.stat()
        except FileNotFoundError:  # replaced or removed this moment
            continue
        step = steps.get(path.name)
        epoch = step / steps_per_epoch if step is not None and steps_per_epoch else None
        loss = losses.get(step) if step is not None else None
        found.append(CheckpointFile(path, status.st_size, status.st_mtime, step, epoch, loss))
    return found
