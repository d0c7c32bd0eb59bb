"""What a run looks like at this moment, read from its folder whoever trains it.

`RunReader.pull` looks at the files' stamps and reads only what changed, of events and samples what
was added, so that asking several times a second costs next to nothing, however long the run is.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from minigpt_tui.runs.folder import RunFolder, read_info
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.runs.journal import JournalReader
from minigpt_tui.runs.metrics import EVALUATION, METRIC, Records, read_records
from minigpt_tui.runs.status import Status, read_status
from minigpt_tui.runs.summary import RESUMABLE_STATES, has_resumable_checkpoint

LOCK_SECONDS = 2.0
"""How often a run that claims to live is asked whether its owner still does."""
SAMPLES_KEPT = 20

_MARKED = {
    "paused": "paused",
    "training": "went on",
    "replanned": "planned anew",
    "stopped": "stopped",
    "diverged": "diverged",
    "extended": "extended",
    "rolled-back": "went back here",
}

Stamp = tuple[int, int, int] | None
T = TypeVar("T")


@dataclass(frozen=True)
class Sample:
    """Text that the model wrote at a step, going on from `prompt`. Not made safe yet."""

    step: int
    prompt: str
    text: str


@dataclass(frozen=True)
class Finding:
    """What the training's diagnosis found at a step, and what helps. Not made safe yet."""

    step: int
    kind: str
    message: str
    advice: str


@dataclass(frozen=True, eq=False)
class RunView:
    """Everything that a screen shows of a run. Records are memory-mapped; samples newest first."""

    run: RunFolder
    status: Status
    info: RunInfo | None = None
    metrics: Records = field(default_factory=lambda: np.empty(0, METRIC))
    evaluations: Records = field(default_factory=lambda: np.empty(0, EVALUATION))
    events: tuple[tuple[int, str], ...] = ()
    saved: tuple[tuple[int, str], ...] = ()
    """The steps of checkpoints, and what they were written for; the best models are left out."""
    findings: tuple[Finding, ...] = ()
    """The newest of each kind, the newest first."""
    samples: tuple[Sample, ...] = ()
    resumable: bool = False
    problems: tuple[str, ...] = ()
    """What could not be read, in sentences."""

    @property
    def best(self) -> Any | None:
        """The record of the best evaluation so far, or None."""
        rows = np.flatnonzero(self.evaluations["best"])
        return self.evaluations[rows[-1]] if len(rows) else None

    @property
    def nats_per_char(self) -> float | None:
        """The newest validation loss in nats a character, which compares between tokenizers."""
        if not len(self.evaluations):
            return None
        return float(self.evaluations["bits_per_char"][-1]) * math.log(2)

    @property
    def evaluations_since_best(self) -> int:
        rows = np.flatnonzero(self.evaluations["best"])
        return len(self.evaluations) - 1 - int(rows[-1]) if len(rows) else 0


class RunReader:
    """Follows one run folder."""

    def __init__(self, run: RunFolder) -> None:
        self.run = run
        self._view = RunView(run, Status("unknown"))
        self._events = _Events(run.events_file)
        self._samples = _Samples(run.samples_file)
        self._stamps: dict[Path, Stamp] = {}
        self._problems: dict[Path, str] = {}
        self._looked_at_lock = -math.inf
        self._first = True

    def pull(self) -> RunView | None:
        """The run as it is now; None if nothing changed since the last call."""
        run, view = self.run, self._view
        changes: dict[str, Any] = {}

        if self._changed(run.metrics_file):
            changes["metrics"] = self._read(
                run.metrics_file, lambda p: read_records(p, METRIC), view.metrics
            )
        if self._changed(run.evaluations_file):
            changes["evaluations"] = self._read(
                run.evaluations_file, lambda p: read_records(p, EVALUATION), view.evaluations
            )
        if self._changed(run.info_file):
            changes["info"] = self._read(run.info_file, lambda p: read_info(run), view.info)
        if self._changed(run.events_file):
            before = view.events, view.saved, view.findings
            changes["events"], changes["saved"], changes["findings"] = self._read(
                run.events_file, lambda p: self._events.pull(), before
            )
        if self._changed(run.samples_file):
            changes["samples"] = self._read(
                run.samples_file, lambda p: self._samples.pull(), view.samples
            )
        changes |= self._status_and_checkpoints()
        if not changes and not self._first:
            return None
        self._first = False
        self._view = replace(view, **changes, problems=tuple(self._problems.values()))
        return self._view

    def _status_and_checkpoints(self) -> dict[str, Any]:
        changes: dict[str, Any] = {}
        now = time.monotonic()
        status = self._view.status
        stale = status.live and now - self._looked_at_lock > LOCK_SECONDS
        folder_changed = self._changed(self.run.path)
        if self._changed(self.run.status_file) or stale:
            self._looked_at_lock = now
            status = read_status(self.run)
            if status != self._view.status:
                changes["status"] = status
        if folder_changed or changes:
            resumable = status.state in RESUMABLE_STATES and has_resumable_checkpoint(self.run)
            if resumable != self._view.resumable:
                changes["resumable"] = resumable
        return changes

    def _changed(self, path: Path) -> bool:
        """Whether the file is another one than at the last look, or the first look finds one."""
        stamp = _stamp(path)
        changed = stamp != self._stamps.get(path)
        self._stamps[path] = stamp
        return changed

    def _read(self, path: Path, read: Callable[[Path], T], before: T) -> T:
        """What the file holds; a fault is kept as a sentence, and the old content stays."""
        try:
            content = read(path)
        except ValueError as error:
            self._problems[path] = str(error)
            return before
        self._problems.pop(path, None)
        return content


def _stamp(path: Path) -> Stamp:
    try:
        stat = os.stat(path)
    except OSError:  # not there, or not any more
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


class _Events:
    """What the events of a run have said so far."""

    def __init__(self, path: Path) -> None:
        self._reader = JournalReader(path)
        self._begin()

    def _begin(self) -> None:
        self._marks: list[tuple[int, str]] = []
        self._saved: list[tuple[int, str]] = []
        self._findings: dict[str, Finding] = {}

    def pull(
        self,
    ) -> tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...], tuple[Finding, ...]]:
        """Marks, saved checkpoints and findings, with what is new. Raises ValueError."""
        for new in self._reader.follow():
            if new.from_start:
                self._begin()
            self._marks += _marks(new.lines)
            self._saved += _saved(new.lines)
            self._findings |= _findings(new.lines)
        newest_first = sorted(self._findings.values(), key=lambda finding: -finding.step)
        return tuple(self._marks), tuple(self._saved), tuple(newest_first)


class _Samples:
    """The newest samples of a run."""

    def __init__(self, path: Path) -> None:
        self._reader = JournalReader(path)
        self._newest: tuple[Sample, ...] = ()

    def pull(self) -> tuple[Sample, ...]:
        """The newest first. Raises ValueError."""
        for new in self._reader.follow():
            before = () if new.from_start else self._newest
            self._newest = (*_samples(new.lines), *before)[:SAMPLES_KEPT]
        return self._newest


def _findings(lines: list[dict[str, Any]]) -> dict[str, Finding]:
    """The newest of each kind."""
    newest: dict[str, Finding] = {}
    for line in lines:
        if line.get("event") != "diagnosis":
            continue
        step, words = line.get("step"), [line.get(n) for n in ("kind", "message", "advice")]
        if isinstance(step, int) and all(isinstance(word, str) for word in words):
            newest[str(words[0])] = Finding(step, *map(str, words))
    return newest


def _marks(lines: list[dict[str, Any]]) -> tuple[tuple[int, str], ...]:
    """The events worth a mark on the curve: (step, word)."""
    marks = []
    for line in lines:
        kind, step = line.get("event"), line.get("step")
        if not isinstance(step, int):
            continue
        if kind == "started" and step > 0:
            marks.append((step, "resumed"))
        elif kind == "rate" and isinstance(line.get("lr"), float):
            marks.append((step, f"learning rate {line['lr']:.2g}"))
        elif kind == "diagnosis" and isinstance(line.get("kind"), str):
            marks.append((step, str(line["kind"])))
        elif isinstance(kind, str) and kind in _MARKED:
            marks.append((step, _MARKED[kind]))
    return tuple(marks)


def _saved(lines: list[dict[str, Any]]) -> tuple[tuple[int, str], ...]:
    """The checkpoints that a curve shows: (step, words). The best model has a mark of its own."""
    words = {"epoch": "checkpoint of an epoch", "last": "saved", "final": "final model"}
    return tuple(
        (line["step"], words[line["kind"]])
        for line in lines
        if line.get("event") == "checkpoint"
        and isinstance(line.get("step"), int)
        and isinstance(line.get("kind"), str)
        and line["kind"] in words
    )


def _samples(lines: list[dict[str, Any]]) -> tuple[Sample, ...]:
    found = []
    for line in reversed(lines[-SAMPLES_KEPT:]):
        step, prompt, text = line.get("step"), line.get("prompt", ""), line.get("text")
        if isinstance(step, int) and isinstance(prompt, str) and isinstance(text, str):
            found.append(Sample(step, prompt, text))
    return tuple(found)
