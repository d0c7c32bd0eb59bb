"""Fixtures of the end-to-end tests."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.runs.status import read_status
from tests.e2e.terminal import PROGRAM

ENDLESS = ("--preset", "tiny", "--epochs", "100000", "--threads", "1", "--precision", "fp32")


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data folder that no program has seen; no training outlives the test that uses it."""
    folder = tmp_path / "fresh"
    yield folder
    for pid in _working_on(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small run that would train for hours, stopped after some steps."""
    folder = tmp_path_factory.mktemp("stopped")
    command = [PROGRAM, "train", "--data-dir", folder, "--run", "long", "--compile", "off"]
    with subprocess.Popen([*command, *ENDLESS], stdout=subprocess.PIPE, text=True) as training:
        assert training.stdout is not None
        for line in training.stdout:
            if line.startswith("Epoch 2/"):
                training.send_signal(signal.SIGTERM)
    assert training.returncode == 128 + signal.SIGTERM
    return folder


@pytest.fixture
def run_home(home: Path, stopped: Path) -> Path:
    """A data folder of its own with that run, which F7 in the Train pane goes on with."""
    shutil.copytree(stopped, home)
    (home / "settings.yaml").write_text("pane: train\n")
    return home


def _working_on(home: Path) -> set[int]:
    """Who trains a run there, and who is about to: its command names this folder and no other."""
    statuses = [read_status(run) for run in list_runs(DataFolder(home))]
    found = {status.pid for status in statuses if status.live}
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended since
            if os.fsencode(str(home)) in command.read_bytes().split(b"\0"):
                found.add(int(command.parent.name))
    return found - {os.getpid()}
