"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.runs.status import read_status


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data folder that no program has seen; no training outlives the test that uses it."""
    folder = tmp_path / "fresh"
    yield folder
    for pid in _working_on(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def _working_on(home: Path) -> set[int]:
    """Who trains a run there, and who is about to: its command names this folder and no other."""
    statuses = [read_status(run) for run in list_runs(DataFolder(home))]
    found = {status.pid for status in statuses if status.live}
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended since
            if os.fsencode(str(home)) in command.read_bytes().split(b"\0"):
                found.add(int(command.parent.name))
    return found - {os.getpid()}
