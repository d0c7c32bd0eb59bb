"""The data folder: where it is, whether it can be used, the room on its disk, who trains in it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from minigpt_tui.commands.checkup.finding import Finding
from minigpt_tui.paths import DataFolder
from minigpt_tui.planning.memory import memory_in_words
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.library import library
from minigpt_tui.text.safe import visible

LITTLE_ROOM = 10**9
ANOTHER = "Choose another with --data-dir or MINIGPT_TUI_HOME."


def storage(data: DataFolder, origin: str) -> Iterator[Finding]:
    """Nothing is created but a file that is removed at once. `origin`: who chose the folder."""
    subject, shown = "data folder", f"{visible(str(data.root))} ({origin})"
    if not data.root.exists():
        parent = _nearest(data.root)
        if not os.access(parent, os.W_OK | os.X_OK):
            refused = f"cannot be made: {visible(str(parent))} is not writable. {ANOTHER}"
            yield Finding(subject, shown, f"It does not exist and {refused}")
        else:
            yield Finding(subject, f"{shown}, made at the first use")
        yield _room(parent)
        return
    if not data.root.is_dir():
        yield Finding(subject, shown, f"That is no folder. {ANOTHER}")
        return
    try:
        _try_to_write_and_lock(data.root)
    except OSError as error:
        yield Finding(subject, shown, f"It cannot be used: {error.strerror or error}. {ANOTHER}")
    else:
        yield Finding(subject, f"{shown}, can be written and locked")
    yield _room(data.root)
    yield from _settings(data)
    yield Finding("texts", f"{len(library(data))} in the library")
    yield from _runs(data)


def _nearest(path: Path) -> Path:
    """The nearest folder above that exists."""
    return next(parent for parent in path.parents if parent.exists())


def _try_to_write_and_lock(folder: Path) -> None:
    """Writes, syncs, locks and removes a file, as a training does; OSError where that fails."""
    import filelock

    with tempfile.TemporaryDirectory(prefix=".doctor-", dir=folder) as name:
        with open(Path(name) / "file", "wb") as file:
            file.write(b"written by minigpt-tui doctor")
            file.flush()
            os.fsync(file.fileno())
        with filelock.FileLock(Path(name) / "lock", timeout=1):
            pass


def _room(folder: Path) -> Finding:
    free = shutil.disk_usage(folder).free
    shown = f"{memory_in_words(free)} free"
    if free < LITTLE_ROOM:
        return Finding("disk", shown, "Make room, or delete runs in the workbench's Runs pane.")
    return Finding("disk", shown)


def _settings(data: DataFolder) -> Iterator[Finding]:
    from minigpt_tui.tui.keys.keymap import read_keymap
    from minigpt_tui.tui.settings_file import read_settings

    if not data.settings.exists():
        yield Finding("settings.yaml", "none yet; the workbench writes it")
        return
    try:
        problems = read_keymap(read_settings(data).get("keys")).problems
    except ValueError as error:
        yield Finding("settings.yaml", "cannot be read", str(error))
        return
    if problems:
        yield Finding("settings.yaml", "can be read", " ".join(problems))
    else:
        yield Finding("settings.yaml", "can be read")


def _runs(data: DataFolder) -> Iterator[Finding]:
    runs = list_runs(data)
    states = {run.name: read_status(run) for run in runs}
    yield Finding("runs", str(len(runs)))
    for name, status in states.items():
        if status.live:
            owner = f"pid {status.pid} on {visible(status.host)}"
            yield Finding("lock", f"{visible(name)} is being trained ({owner})")
    interrupted = [name for name, status in states.items() if status.state == "interrupted"]
    for name in interrupted[:3]:
        resume = f"minigpt-tui train --resume {name}"
        yield Finding("run", f"{name} was interrupted", f"Go on with it: {resume}")
    if len(interrupted) > 3:
        yield Finding("run", f"{len(interrupted) - 3} more were interrupted (minigpt-tui runs)")
