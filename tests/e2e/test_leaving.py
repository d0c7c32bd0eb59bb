"""Leaving a training, by key, by signal or by accident, and finding it again."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.status import Status, read_status
from tests.e2e.terminal import ALTERNATE_SCREEN, PROGRAM, Terminal

PATIENCE = 60.0


def until(holds: Callable[[], bool], what: str) -> None:
    limit = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < limit, f"{what} did not come about"
        time.sleep(0.05)


def begin(terminal: Terminal) -> None:
    """Starts a training that takes minutes, and waits for its first step."""
    terminal.wait_for("sample_corpus")
    terminal.press("t")
    terminal.wait_for(lambda text: re.search(r"● .*step [1-9]", text) is not None)


def only_run(home: Path) -> RunFolder:
    (run,) = list_runs(DataFolder(home))
    return run


def status(home: Path) -> Status:
    return read_status(only_run(home))


def goes_on(home: Path) -> bool:
    """Whether the run takes further steps."""
    step = status(home).step
    until(lambda: status(home).step > step or not status(home).live, "another step")
    return status(home).live


def test_to_the_background_and_back_into_a_window(home):
    with Terminal(home) as terminal:
        begin(terminal)
        first = status(home)
        terminal.press("ctrl+q")
        terminal.wait_for("Keep training in the background")
        terminal.press("b")
        terminal.wait_for("first sign of life")
        assert terminal.wait_for_exit() == 0
        terminal.assert_restored()
        assert "trains on in the background" in terminal.text
    assert status(home).pid != first.pid
    assert goes_on(home)
    with Terminal(home) as terminal:
        terminal.wait_for("A run trains in another process")
        terminal.press("f3")
        terminal.wait_for("F10 Take it here")
        terminal.press("f7")
        terminal.wait_for("‖ paused")
        terminal.press("f10")
        terminal.wait_for("into this window")
        terminal.wait_for("F10 Steer")
        until(lambda: status(home).pid == terminal.process.pid, "the training in this window")
        assert goes_on(home)


def test_a_training_in_one_window_is_seen_in_another_and_survives_a_kill(home):
    with Terminal(home) as owner, Terminal(home) as other:
        begin(owner)
        run = only_run(home)
        other.press("f3")
        other.wait_for(f"(pid {owner.process.pid})")
        other.press("ctrl+s")
        until(run.last.exists, "the checkpoint that the other window asked for")
        refused = subprocess.run(
            [PROGRAM, "train", "--data-dir", home, "--resume", run.name],
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 2
        assert f"trained by another process (pid {owner.process.pid})" in refused.stderr
        assert goes_on(home)
        owner.process.kill(signal.SIGKILL)
        other.wait_for("Interrupted: the process that trained it is gone")
        other.press("ctrl+q")
        assert other.wait_for_exit() == 0
    with Terminal(home) as terminal:
        terminal.wait_for("A run was interrupted")
        terminal.press("f6")
        terminal.wait_for("r Resume")
        terminal.press("r")
        until(lambda: status(home).pid == terminal.process.pid, "the training in this window")
        assert goes_on(home)
        terminal.process.kill(signal.SIGTERM)
        limit = time.monotonic() + 1
        until(lambda: ALTERNATE_SCREEN not in terminal.modes, "the main screen")
        assert time.monotonic() < limit, "the terminal is given back within a second"
        assert terminal.wait_for_exit() == 128 + signal.SIGTERM
        terminal.assert_restored()
        assert "Saving the training…" in terminal.text
    assert status(home).state == "stopped"


def test_a_dropped_connection_leaves_the_training_in_the_background(home):
    with Terminal(home) as terminal:
        begin(terminal)
        for _ in range(2):  # the system tells of it, and then the shell
            terminal.process.kill(signal.SIGHUP)
            time.sleep(0.1)
        assert terminal.wait_for_exit() == 128 + signal.SIGHUP
        assert status(home).pid != terminal.process.pid
    assert os.getsid(status(home).pid) == status(home).pid
    assert goes_on(home)


def test_a_dropped_connection_stops_the_training_for_who_wants_that(home):
    home.mkdir()
    (home / "settings.yaml").write_text("on_hangup: stop\n")
    with Terminal(home) as terminal:
        begin(terminal)
        terminal.process.kill(signal.SIGHUP)
        assert terminal.wait_for_exit() == 128 + signal.SIGHUP
    assert status(home).state == "stopped"
    assert only_run(home).last.exists()


def test_the_shell_can_stop_the_workbench_and_go_on_with_it(home):
    with Terminal(home) as terminal:
        terminal.wait_for("t Train on it")
        for _ in range(3):
            terminal.process.kill(signal.SIGTSTP)
            until(lambda: ALTERNATE_SCREEN not in terminal.modes, "the main screen")
            terminal.assert_restored()
            terminal.process.kill(signal.SIGCONT)
            until(lambda: ALTERNATE_SCREEN in terminal.modes, "the workbench's screen")
        terminal.press("f3")
        terminal.wait_for("^t Start")
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
        terminal.assert_restored()
