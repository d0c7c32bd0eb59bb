"""The run folder: the name of everything in it, and how runs are made, listed and found."""

from __future__ import annotations

import difflib
import errno
import os
import re
import shutil
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui import __version__
from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import dump_yaml, load_yaml
from minigpt_tui.paths import MAX_NAME_LENGTH, DataFolder, check_name
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import (
    TEMPORARY_SUFFIX,
    sweep_temporaries,
    sync_folder,
    temporary_beside,
    write_atomic,
)
from minigpt_tui.runs.damaged import DamagedError
from minigpt_tui.runs.info import MAX_INFO_BYTES, RunInfo, info_to_json, parse_info
from minigpt_tui.text.safe import visible

_EPOCH_CHECKPOINT = re.compile(r"checkpoint_epoch_([0-9]{1,9})\.pt")


@dataclass(frozen=True)
class RunFolder:
    """A run: everything that is known of it lies in one folder."""

    path: Path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def config_file(self) -> Path:
        return self.path / "config.yaml"

    @property
    def info_file(self) -> Path:
        return self.path / "run.json"

    @property
    def status_file(self) -> Path:
        return self.path / "status.json"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.bin"

    @property
    def evaluations_file(self) -> Path:
        return self.path / "evaluations.bin"

    @property
    def events_file(self) -> Path:
        return self.path / "events.jsonl"

    @property
    def samples_file(self) -> Path:
        return self.path / "samples.jsonl"

    @property
    def probes_file(self) -> Path:
        return self.path / "probes.jsonl"

    @property
    def log_file(self) -> Path:
        return self.path / "run.log"

    @property
    def background_log(self) -> Path:
        """What the newest detached process of the run has printed."""
        return self.path / "background.log"

    @property
    def tokenizer_file(self) -> Path:
        return self.path / "tokenizer.json"

    @property
    def lock_file(self) -> Path:
        return self.path / "run.lock"

    @property
    def owner_file(self) -> Path:
        """Process and host of the lock's holder, for the message that refuses another one."""
        return self.path / "run.owner"

    @property
    def best(self) -> Path:
        return self.path / "best_model.pt"

    @property
    def final(self) -> Path:
        return self.path / "final_model.pt"

    @property
    def last(self) -> Path:
        return self.path / "last_state.pt"

    def epoch_checkpoint(self, epochs_completed: int) -> Path:
        return self.path / f"checkpoint_epoch_{epochs_completed}.pt"

    def epoch_checkpoints(self) -> dict[int, Path]:
        """The periodic checkpoints that exist, by epochs completed, in order."""
        matches = ((_EPOCH_CHECKPOINT.fullmatch(path.name), path) for path in self.path.iterdir())
        found = {int(match[1]): path for match, path in matches if match}
        return dict(sorted(found.items()))

    def checkpoints(self) -> list[Path]:
        """Every checkpoint that exists: best, final, last, then the periodic ones in order."""
        named = [path for path in (self.best, self.final, self.last) if path.is_file()]
        return [*named, *self.epoch_checkpoints().values()]


Fill = Callable[[RunFolder], None]
"""Writes into a run folder that nobody sees yet."""


def create_run(
    data: DataFolder, name: str | None, config: RunConfig, fill: Fill = lambda run: None
) -> RunFolder:
    """A new run folder with `config.yaml` and a first `run.json`.

    Without a name it takes the corpus's and the next free number: `sample_corpus-1`. The folder
    appears complete or not at all: `fill` writes into it what else belongs to it, while it is
    still hidden.

    Raises ValueError if the name is unsafe or taken, or if the folder cannot be written.
    """
    data.ready()
    try:
        sweep_temporaries(data.runs)
        if name is not None:
            run = RunFolder(data.runs / check_name(name, "name of a run"))
            if not _build(run, config, fill):
                raise ValueError(
                    f"There is already a run “{run.name}”. Choose another name, or resume that run."
                )
            return run
        while True:  # another process may take the number between the look and the rename
            run = RunFolder(data.runs / automatic_name(data, config))
            if _build(run, config, fill):
                return run
    except OSError as error:
        raise ValueError(f"Cannot create a run in {data.runs}: {error.strerror}.") from error


def automatic_name(data: DataFolder, config: RunConfig) -> str:
    """The name that a run gets when nobody names it: its corpus, and one above the last number."""
    base = _corpus_name(config)
    numbered = re.compile(re.escape(base) + r"-([0-9]{1,9})", re.IGNORECASE)
    matches = (numbered.fullmatch(entry) for entry in os.listdir(data.runs))
    number = 1 + max((int(match[1]) for match in matches if match), default=0)
    return check_name(f"{base}-{number}", "name of a run")


def list_runs(data: DataFolder) -> list[RunFolder]:
    """All runs, the newest first. Opens no checkpoint."""
    return sorted(_runs(data), key=lambda run: (_created(run), run.name), reverse=True)


def find_run(data: DataFolder, name: str) -> RunFolder:
    """The run with that name; else ValueError that names the nearest one."""
    runs = {run.name: run for run in _runs(data)}  # compared, never joined: no way out
    if name in runs:
        return runs[name]
    shown = visible(name[: MAX_NAME_LENGTH + 1])
    if not runs:
        raise ValueError(f"There is no run “{shown}”, nor any other in {data.runs}.")
    near = difflib.get_close_matches(name, list(runs), n=1)
    hint = f"Did you mean {visible(near[0])}?" if near else "See them all: minigpt-tui runs."
    raise ValueError(f"There is no run “{shown}”. {hint}")


def newest_run(data: DataFolder, with_best: bool = True) -> RunFolder:
    """The run created last, by default of those that have a model; ValueError if there is none."""
    for run in list_runs(data):
        if run.best.is_file() or not with_best:
            return run
    what = "run with a trained model" if with_best else "run"
    raise ValueError(f"There is no {what} in {data.runs} yet. Train one first.")


def read_config(run: RunFolder) -> RunConfig:
    """The configuration that the run was started with. DamagedError if the file is broken."""
    try:
        return load_yaml(run.config_file)
    except ValueError as error:
        raise DamagedError(str(error)) from error


def read_info(run: RunFolder) -> RunInfo:
    """What the run wrote down about itself. DamagedError if `run.json` is missing or broken."""
    try:
        with open_regular(run.info_file) as file:
            return parse_info(file.read(MAX_INFO_BYTES + 1))
    except OSError as error:
        raise DamagedError(
            f"Cannot read {visible(str(run.info_file))}: {error.strerror}."
        ) from error
    except ValueError as error:
        raise DamagedError(f"{visible(str(run.info_file))} {error}") from error


def write_info(run: RunFolder, info: RunInfo) -> None:
    """Replace `run.json`. Raises OSError, and then the old one stays."""
    write_atomic(run.info_file, info_to_json(info))


def _build(run: RunFolder, config: RunConfig, fill: Fill) -> bool:
    """Make the folder; False if something has its name."""
    if os.path.lexists(run.path):
        return False
    hidden = RunFolder(temporary_beside(run.path))
    hidden.path.mkdir()
    try:
        write_atomic(hidden.config_file, dump_yaml(config).encode("utf-8"))
        write_info(
            hidden,
            RunInfo(
                created=time.time(),
                version=__version__,
                corpus_name=_corpus_name(config),
                level=config.data.level,
            ),
        )
        fill(hidden)
        try:
            os.rename(hidden.path, run.path)
        except OSError as error:  # a folder with files in it came to stand there meanwhile
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR, errno.EACCES):
                raise
            if not os.path.lexists(run.path):
                raise
            return False
        sync_folder(run.path.parent)
        return True
    finally:
        shutil.rmtree(hidden.path, ignore_errors=True)


def _corpus_name(config: RunConfig) -> str:
    """The corpus's name as a safe part of a file name; accents go, other signs become hyphens."""
    first = Path(config.data.corpus[0])
    name = first.name if first.name not in ("", "..") else first.resolve().name
    stem = re.sub(r"\.[A-Za-z]{1,5}$", "", name)  # the ending of a file, not the 2 of v1.2
    plain = unicodedata.normalize("NFKD", stem).encode("ascii", "ignore").decode("ascii")
    safe = re.sub(r"[^A-Za-z0-9_]+", "-", plain).strip("-_")
    return safe[: MAX_NAME_LENGTH - len("-000000000")].rstrip("-_") or "run"


def _runs(data: DataFolder) -> Iterator[RunFolder]:
    if not data.runs.is_dir():
        return
    with os.scandir(data.runs) as entries:
        for entry in entries:
            hidden = entry.name.startswith(".") or entry.name.endswith(TEMPORARY_SUFFIX)
            run = RunFolder(Path(entry.path))
            if not hidden and entry.is_dir() and run.config_file.is_file():
                yield run


def _created(run: RunFolder) -> float:
    """When the run was created; where `run.json` does not say, when its configuration was."""
    try:
        return read_info(run).created
    except ValueError:
        try:
            return run.config_file.stat().st_mtime
        except OSError:  # deleted since it was listed
            return 0.0
