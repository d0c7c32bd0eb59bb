"""Exports a run's best model in a process of its own, for a screen that must not wait for it.

The libraries that prove an export take seconds to load, and they draw from torch's default
generator, which belongs to a training in this process.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from minigpt_tui.jobs.detached import path_flags
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.atomic import sweep_temporaries
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.cancel import check_cancelled
from minigpt_tui.text.safe import visible

POLL_SECONDS = 0.1
_ABANDONED_SECONDS = 3600.0  # what an export that was killed left beside its place
_MOST_COPIES = 1000
_ERROR = "minigpt-tui: error: "


def export_beside(
    run: RunFolder, data: DataFolder, should_stop: Callable[[], bool] = lambda: False
) -> Path:
    """The Hugging Face folder that was written into the data folder's `exports`.

    Raises ValueError with the reason where there is none, CancelledError if `should_stop` says so.
    """
    target = _free_place(data.exports, run.name)
    arguments = ["export", run.name, "--to", "hf", "--out", str(target), "--data-dir"]
    command = [sys.executable, *path_flags(), "-m", "minigpt_tui", *arguments, str(data.root)]
    try:
        data.exports.mkdir(parents=True, exist_ok=True)
        sweep_temporaries(data.exports, older_than=_ABANDONED_SECONDS)
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said
            )
            try:
                while process.poll() is None:
                    check_cancelled(should_stop)
                    time.sleep(POLL_SECONDS)
            finally:
                process.kill()
                process.wait()
            said.seek(0)
            words = said.read().decode("utf-8", "replace").strip()
    except OSError as error:
        raise ValueError(f"Cannot export: {error.strerror}.") from error
    if process.returncode != 0:
        reason = visible(words.rpartition(_ERROR)[2].strip())
        raise ValueError(reason or f"It ended with the exit code {process.returncode}.")
    return target


def _free_place(folder: Path, name: str) -> Path:
    """`name-hf`, with a number behind it where that is taken."""
    for number in range(1, _MOST_COPIES):
        place = folder / (f"{name}-hf" if number == 1 else f"{name}-hf-{number}")
        if not place.exists():
            return place
    raise ValueError(f"There are too many exports of {visible(name)} in {visible(str(folder))}.")
