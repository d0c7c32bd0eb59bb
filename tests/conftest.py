"""What every test gets: a data folder of its own, and a quiet machine."""

from __future__ import annotations

import os
import signal
from pathlib import Path

# Two cores are shared by two testing processes and the programs they start: spinning threads, and
# more threads than cores, starve them all.
os.environ.setdefault("OMP_NUM_THREADS", "1" if "PYTEST_XDIST_WORKER" in os.environ else "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import pytest

# A suite under nohup or in the background of a script ignores hang-ups and interrupts, and so would
# the programs that it starts.
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

from minigpt_tui.paths import DataFolder


@pytest.fixture(autouse=True)
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> DataFolder:
    """An empty data folder, and `MINIGPT_TUI_HOME` pointing at it."""
    root = tmp_path / "home"
    monkeypatch.setenv("MINIGPT_TUI_HOME", str(root))
    return DataFolder(root).ready()
