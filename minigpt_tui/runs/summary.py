"""A run in one row: the facts by which runs are listed, filtered and sorted.

`RunsReader` follows all runs of a data folder. Every file of a run is replaced in one rename, which
shows in the time of its folder: so one look at each folder tells what has to be read again.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs, read_config, read_info
from minigpt_tui.runs.info import RunInfo
from minigpt_tui.runs.manage import is_pinned, read_notes
from minigpt_tui.runs.query import Value
from minigpt_tui.runs.status import Status, read_status
from minigpt_tui.settings import get_setting, settings

RESUMABLE_STATES = ("stopped", "interrupted", "failed", "diverged")

_LOOK_SECONDS = 1.0  # between two looks at all folders; at the status of live runs every pull looks
_PART_SECONDS = 0.1  # of reading, after which the rows so far are handed out
# Within the resolution of a file system's clock a second change may leave the time as it was.
_UNSETTLED_NS = 100_000_000

T = TypeVar("T")


@dataclass(frozen=True)
class RunSummary:
    """What the list shows of a run. What could not be read is None, and named in `problems`."""

    run: RunFolder
    status: Status
    created: float  # seconds since 1970
    config: RunConfig | None = None
    info: RunInfo | None = None
    bits_per_byte: float | None = None  # of the best evaluation
    notes: str = ""
    pinned: bool = False
    has_model: bool = False
    resumable: bool = False
    problems: tuple[str, ...] = ()

    @property
    def shape(self) -> str:
        """`gpt2 4×256`: layout, layers, width."""
        if self.config is None:
            return ""
        model = self.config.model
        return f"{model.layout} {model.n_layers}×{model.d_model}"

    @property
    def corpus(self) -> str:
        return self.info.corpus_name if self.info is not None else ""

    def fact(self, name: str) -> Value:
        """The value under a field of a query (`query.fields`); None where it is not known."""
        match name:
            case "name":
                return self.run.name
            case "state":
                return self.status.state
            case "shape":
                return self.shape or None
            case "corpus":
                names = self.config.data.corpus if self.config is not None else ()
                return (self.corpus, *names)
            case "parameters":
                return self.info.parameters or None if self.info is not None else None
            case "loss":
                return self.status.best_val_loss
            case "bits_per_byte":
                return self.bits_per_byte
            case "tokens_per_second":
                return self.status.tokens_per_second or None
            case "age":
                return max(time.time() - self.created, 0.0)
            case "step" | "epoch":
                value: float = getattr(self.status, name)
                return value
            case "notes":
                return self.notes
        if self.config is None:
            return None
        assert name in settings(), name
        found: Value = get_setting(self.config, name)
        return found


class RunsReader:
    """Follows all runs; `pull` as often as you like."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data
        self._known: dict[Path, tuple[int, RunSummary]] = {}
        self._order: list[RunFolder] = []
        self._runs_stamp: int | None = None
        self._listed = False
        self._looked_at = -math.inf

    def pull(self, *, look: bool = False) -> Iterator[list[RunSummary]]:
        """Yields all runs, the newest first, if anything changed: at once what is known, and the
        whole list at the end. `look` looks at every folder even if that was done just now.
        """
        now = time.monotonic()
        changed = False
        if look or now - self._looked_at >= _LOOK_SECONDS:
            self._looked_at = now
            changed = self._list(anew=look)
            stale = self._stale()
            changed |= bool(stale)
            for full in (False, True):  # a configuration takes ten times as long as the rest
                handed_out = time.monotonic()
                for run, stamp in stale:
                    if full or run.path not in self._known:
                        self._read(run, stamp if full else 0, full)
                    if time.monotonic() - handed_out > _PART_SECONDS:
                        yield self._summaries()
                        handed_out = time.monotonic()
        changed |= self._follow_live()
        if changed:
            yield self._summaries()

    def _list(self, *, anew: bool) -> bool:
        """Which runs there are; the folder above them tells whether that changed."""
        stamp = _stamp(self.data.runs)
        if self._listed and stamp == self._runs_stamp and not anew:
            return False
        first, self._listed = not self._listed, True
        settled = stamp is not None and time.time_ns() - stamp > _UNSETTLED_NS
        self._runs_stamp = stamp if settled else 0
        order = list_runs(self.data)
        if order == self._order:
            return first  # that there is nothing is news as well
        self._order = order
        there = {run.path for run in order}
        self._known = {path: known for path, known in self._known.items() if path in there}
        return True

    def _follow_live(self) -> bool:
        """Reads the status of runs that somebody trains: their owner may go without a trace."""
        changed = False
        for path, (stamp, summary) in self._known.items():
            if summary.status.live:
                status = read_status(summary.run)
                if status != summary.status:
                    # When it stopped being live, the next look reads the rest.
                    stamp = stamp if status.live else 0
                    self._known[path] = stamp, replace(summary, status=status)
                    changed = True
        return changed

    def _stale(self) -> list[tuple[RunFolder, int]]:
        """The runs whose folders changed since they were read, with the times of the folders."""
        stamps = [(run, _stamp(run.path)) for run in self._order]
        return [
            (run, stamp)
            for run, stamp in stamps
            if stamp is not None
            and (run.path not in self._known or self._known[run.path][0] != stamp)
        ]

    def _read(self, run: RunFolder, stamp: int, full: bool) -> None:
        settled = time.time_ns() - stamp > _UNSETTLED_NS
        self._known[run.path] = (stamp if settled else 0), read_summary(run, full=full)

    def _summaries(self) -> list[RunSummary]:
        return [self._known[run.path][1] for run in self._order if run.path in self._known]


def read_summary(run: RunFolder, *, full: bool = True) -> RunSummary:
    """A run's row; without its configuration if it need not be `full`."""
    problems: list[str] = []

    def tried(read: Callable[[RunFolder], T]) -> T | None:
        try:
            return read(run)
        except ValueError as error:
            problems.append(str(error))
            return None

    config = tried(_config) if full else None
    info = tried(read_info)
    notes = tried(read_notes) or ""
    status = read_status(run)
    return RunSummary(
        run,
        status,
        info.created if info is not None else _written(run.config_file),
        config,
        info,
        _best_bits_per_byte(run),
        notes,
        is_pinned(run),
        run.best.is_file(),
        status.state in RESUMABLE_STATES and has_resumable_checkpoint(run),
        tuple(problems),
    )


def _config(run: RunFolder) -> RunConfig:
    """The configuration, parsed once for every state of its file."""
    return _parsed_config(run, _stamp(run.config_file))


@lru_cache(maxsize=2000)
def _parsed_config(run: RunFolder, stamp: int | None) -> RunConfig:
    return read_config(run)


def has_resumable_checkpoint(run: RunFolder) -> bool:
    """Whether a training that was not completed left something to go on from."""
    try:
        # A final model is there as well when the run was being trained beyond its first end.
        return run.final.is_file() or run.last.is_file() or bool(run.epoch_checkpoints())
    except OSError:  # the folder is gone
        return False


def _best_bits_per_byte(run: RunFolder) -> float | None:
    from minigpt_tui.runs.metrics import EVALUATION, read_records  # brings numpy

    try:
        records = read_records(run.evaluations_file, EVALUATION)
    except ValueError:  # named where the run itself is shown
        return None
    best = records["bits_per_byte"][records["best"] == 1]
    return float(best[-1]) if len(best) else None


def _written(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _stamp(path: Path) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:  # not there, or not any more
        return None
