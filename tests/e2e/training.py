"""A training in a terminal: begun, watched on the disk, waited for."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.status import Status, read_status
from tests.e2e.terminal import Terminal

PATIENCE = 60.0


def until(holds: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, f"{what} did not come about"
        time.sleep(0.05)


def begin(terminal: Terminal) -> None:
    """Goes on with the run, and waits for a step."""
    terminal.wait_for("F7 Resume")
    terminal.press("f7")
    terminal.wait_for(lambda text: re.search(r"● (long  )?step [1-9]", text) is not None)


def only_run(home: Path) -> RunFolder:
    (run,) = list_runs(DataFolder(home))
    return run


def status(home: Path) -> Status:
    return read_status(only_run(home))


def wait_for_steps(home: Path) -> None:
    """Waits until the run is trained, and beyond where it stands now."""
    step = status(home).step

    def goes_on() -> bool:
        now = status(home)
        return now.live and now.step > step

    until(goes_on, "another step")
