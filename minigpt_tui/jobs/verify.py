"""Checks a run: that each of its files is whole, and that a resume repeats what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.jobs.resuming import recorded_changes
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import RunFolder, read_config, read_info
from minigpt_tui.runs.journal import each_line
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.metrics import EVALUATION, METRIC, checksum, read_records
from minigpt_tui.runs.run_tokenizer import read_tokenizer
from minigpt_tui.text.tokenizers import Tokenizer
from minigpt_tui.training.device import without_denormals
from minigpt_tui.training.events import StepDone
from minigpt_tui.training.execution import Execution
from minigpt_tui.training.trainer import Trainer, TrainingData

REPLAYED_STEPS = 3


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. `detail` says what was found, or what is wrong with it."""

    what: str
    passed: bool
    detail: str


def verify_files(run: RunFolder) -> Iterator[Check]:
    """Reads every file of the run as its users do, checkpoints with their digests."""
    yield _try("config.yaml", lambda: f"seed {read_config(run).training.seed}")
    yield _try("run.json", lambda: f"{read_info(run).parameters:,} parameters")
    yield _try("tokenizer.json", lambda: f"{_tokenizer(run).vocab_size:,} tokens")
    for path, dtype in ((run.metrics_file, METRIC), (run.evaluations_file, EVALUATION)):
        yield _try(path.name, partial(_rows, run, path, dtype))
    for path in (run.events_file, run.samples_file, run.probes_file):
        yield _try(path.name, partial(_lines, path))
    if not run.checkpoints():
        yield Check("checkpoints", False, "there is none yet")
    for path in run.checkpoints():
        yield _try(path.name, partial(_step, path))


def verify_replay(run: RunFolder, data: DataFolder) -> Iterator[Check]:
    """Resumes each periodic checkpoint twice for a few steps; without one the run begins twice.

    Both must end with the same weights, bit for bit, and their losses must be those that the run
    recorded for these steps. Raises ValueError when the run is being trained or its corpus is
    gone.
    """
    with run_lock(run), without_denormals():
        config, info = read_config(run), read_info(run)
        prepared = prepare(config, data, _tokenizer(run))
        training_data = TrainingData(prepared.tokenizer, prepared.train, prepared.val)
        execution = Execution(info.precision or "fp32", info.threads, bool(info.compiled))

        def build() -> Trainer:
            return Trainer(
                config,
                training_data,
                execution,
                planned_steps=info.total_steps,
                known_changes=recorded_changes(run),
            )

        resumable: list[Path | None] = [*run.epoch_checkpoints().values()]
        if run.last.exists():
            resumable.append(run.last)
        for path in resumable or [None]:
            yield _replay(path, run, build)


def _replay(path: Path | None, run: RunFolder, build: Callable[[], Trainer]) -> Check:
    what = "replay of its start" if path is None else f"replay of {path.name}"
    ends, losses = [], []
    for _ in range(2):
        trainer = build()
        reasons = trainer.load_checkpoint(path) if path is not None else []
        if reasons:
            return Check(what, False, f"not exact here: {'; '.join(reasons)}")
        first = trainer.progress.step
        taken: list[StepDone | None] = []
        while len(taken) < REPLAYED_STEPS:
            trainer.steering.repeat(trainer.progress.step)
            if trainer.progress.step >= trainer.total_steps:
                break
            taken.append(trainer.train_step())
        losses.append([done.loss if done is not None else None for done in taken])
        ends.append(trainer.model.state_dict())
    equal = all(torch.equal(weight, ends[1][name]) for name, weight in ends[0].items())
    if not equal or losses[0] != losses[1]:
        return Check(what, False, "two resumes from it differ")
    recorded = read_records(run.metrics_file, METRIC)
    steps = len(losses[0])
    rows = recorded[(recorded["step"] > first) & (recorded["step"] <= first + steps)]
    if len(rows) < steps:
        return Check(what, True, f"{steps} steps twice, equal bit for bit; none was recorded yet")
    same = all(
        loss is not None and float(row["loss"]) == float(torch.tensor(loss, dtype=torch.float32))
        for row, loss in zip(rows, losses[0], strict=True)
    )
    if not same:
        return Check(what, False, "its steps give other losses than the run recorded")
    return Check(what, True, f"{steps} steps twice, equal bit for bit, and as recorded")


def _tokenizer(run: RunFolder) -> Tokenizer:
    return read_tokenizer(run)


def _rows(run: RunFolder, path: Path, dtype: np.dtype[np.void]) -> str:
    count = len(read_records(path, dtype))
    for rows, crc in _sums(run, path.name)[-1:]:
        if checksum(path, dtype, rows) != crc:
            raise ValueError("it is damaged: its figures are not those that were written")
    return f"{count:,} rows"


def _sums(run: RunFolder, name: str) -> list[tuple[int, int]]:
    """How many rows of a file there were at each checkpoint, and their checksum.

    What a resume or a rollback has taken back is left out.
    """
    known: list[tuple[int, int, int]] = []
    for line in each_line(run.events_file):
        step, found = line.get("step"), line.get(name)
        if not isinstance(step, int):
            continue
        if line.get("event") in ("started", "rolled-back"):
            known = [one for one in known if one[0] <= step]
        elif line.get("event") == "checkpoint" and isinstance(found, list) and len(found) == 2:
            known.append((step, int(found[0]), int(found[1])))
    return [(rows, crc) for _, rows, crc in known]


def _lines(path: Path) -> str:
    return f"{sum(1 for _ in each_line(path)):,} lines"


def _step(path: Path) -> str:
    return f"step {load_checkpoint(path).metrics['step']:,}"


def _try(what: str, read: Callable[[], str]) -> Check:
    try:
        return Check(what, True, read())
    except FileNotFoundError:
        return Check(what, False, "is missing")
    except (ValueError, OSError) as error:
        return Check(what, False, str(error))
