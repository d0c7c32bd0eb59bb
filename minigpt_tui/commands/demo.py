"""`minigpt-tui --demo`: a data folder to look around in, with two small finished runs.

The runs are trained by the code that trains every run, in a few seconds, on the sample text that
comes with the program. The folder is removed when the workbench is closed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.runs.status import read_status
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Event, StepDone

PREFIX = "minigpt-tui-demo-"
ABANDONED_AFTER = 86_400.0
CORPUS = "sample_corpus"
QUICK = {"corpus": (CORPUS,), "precision": "fp32", "compile": "off"}
"""Nothing is measured beforehand: that would take longer than the training."""
RUNS = {
    "demo-words": {**QUICK, "level": "word", "steps": 80, "d_model": 48, "n_layers": 1},
    "demo-characters": {**QUICK, "level": "char", "steps": 300, "lr": 4e-3},
}
"""The last one is what the workbench shows first."""


@contextmanager
def demo_folder(out: TextIO = sys.stdout) -> Iterator[DataFolder]:
    """A temporary data folder with the runs in it; removed at the end.

    A training that was sent to the background in it keeps its folder, and `out` says where.
    """
    _sweep()
    root = Path(tempfile.mkdtemp(prefix=PREFIX))
    data = DataFolder(root)
    try:
        fill(data.ready(), out)
        yield data
    finally:
        live = _live(data)
        if live:
            print(f"{', '.join(live)} goes on training, so {root} stays.", file=out)
        else:
            shutil.rmtree(root, ignore_errors=True)


def _live(data: DataFolder) -> list[str]:
    return [run.name for run in list_runs(data) if read_status(run).live]


def _sweep() -> None:
    """Removes the folders of demos that were killed, a day later."""
    for left in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, ValueError):  # somebody else's, or not ours to understand
            old = time.time() - left.lstat().st_mtime > ABANDONED_AFTER
            if old and left.is_dir() and not _live(DataFolder(left)):
                shutil.rmtree(left, ignore_errors=True)


def fill(data: DataFolder, out: TextIO) -> None:
    """Trains the runs, with a line of progress that overwrites itself on a terminal."""
    from minigpt_tui.jobs.train import train_new  # brings torch

    progress = _Progress(out)
    for name, changes in RUNS.items():
        progress.begin(name, changes)
        train_new(demo_config(name), data, Control(), name=name, on_event=progress.show)
    progress.end()


def demo_config(name: str) -> RunConfig:
    """The settings of one of the runs: the tiny preset, a little changed."""
    return with_settings(load_preset("tiny"), RUNS[name])


class _Progress:
    """`Training demo-words: step 40 of 80, loss 2.31`, in one line."""

    def __init__(self, out: TextIO) -> None:
        self.out = out
        self.live = out.isatty()
        self.name, self.steps = "", 0

    def begin(self, name: str, changes: dict[str, object]) -> None:
        self.name, self.steps = name, int(str(changes["steps"]))
        self._line(f"A demo in a folder of its own. Training {name}…")

    def show(self, event: Event) -> None:
        if self.live and isinstance(event, StepDone) and event.step % 5 == 0:
            place = f"step {event.step} of {self.steps}"
            self._line(f"Training {self.name}: {place}, loss {event.loss:.2f}")

    def end(self) -> None:
        if self.live:
            self.out.write("\r\x1b[2K")
            self.out.flush()

    def _line(self, text: str) -> None:
        self.out.write(f"\r\x1b[2K{text}" if self.live else f"{text}\n")
        self.out.flush()
