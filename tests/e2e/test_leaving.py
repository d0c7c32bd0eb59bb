"""Leaving a training, by key, by signal or by accident, and finding it again."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import time

from tests.e2e.terminal import ALTERNATE_SCREEN, KEYS, PROGRAM, Terminal
from tests.e2e.training import begin, only_run, status, until, wait_for_steps


def test_leaving_asks_and_saves(run_home):
    with Terminal(run_home) as terminal:
        begin(terminal)
        terminal.press("ctrl+q")
        terminal.wait_for("A training is running")
        terminal.press("escape")
        terminal.wait_for(lambda text: "A training is running" not in text)
        wait_for_steps(run_home)
        terminal.press("ctrl+q")
        terminal.wait_for("A training is running")
        terminal.press("s")
        assert terminal.wait_for_exit() == 0
        terminal.assert_restored()
        assert "--resume long" in terminal.text
    assert status(run_home).state == "stopped"


def test_to_the_background_and_back_into_a_window(run_home):
    with Terminal(run_home) as terminal:
        begin(terminal)
        first = status(run_home)
        terminal.press("ctrl+q")
        terminal.wait_for("Keep training in the background")
        terminal.press("b")
        terminal.wait_for("first sign of life")
        assert terminal.wait_for_exit() == 0
        terminal.assert_restored()
        assert "trains on in the background" in terminal.text
    assert status(run_home).pid != first.pid
    wait_for_steps(run_home)
    with Terminal(run_home) as terminal:
        terminal.wait_for("A run trains in another process")
        terminal.wait_for("F10 Take")
        terminal.press("f7")
        terminal.wait_for("‖ paused")
        terminal.press("f10")
        terminal.wait_for("into this window")
        terminal.wait_for("F10 Steer")
        until(lambda: status(run_home).pid == terminal.process.pid, "the training in this window")
        wait_for_steps(run_home)


def test_a_training_in_one_window_is_seen_in_another_and_survives_a_kill(run_home):
    with Terminal(run_home) as owner, Terminal(run_home) as other:
        begin(owner)
        run = only_run(run_home)
        other.wait_for(f"(pid {owner.process.pid})")
        saved = run.last.stat().st_mtime_ns
        other.press("ctrl+s")
        until(lambda: run.last.stat().st_mtime_ns > saved, "the checkpoint that it asked for")
        refused = subprocess.run(
            [PROGRAM, "train", "--data-dir", run_home, "--resume", run.name],
            capture_output=True,
            text=True,
        )
        assert refused.returncode == 2
        assert f"trained by another process (pid {owner.process.pid})" in refused.stderr
        wait_for_steps(run_home)
        owner.process.kill(signal.SIGKILL)
        other.wait_for("Interrupted: the process that trained it is gone")
        other.press("ctrl+q")
        assert other.wait_for_exit() == 0
    with Terminal(run_home) as terminal:
        terminal.wait_for("A run was interrupted")
        terminal.press("f6")
        terminal.wait_for("r Resume")
        terminal.press("r")
        until(lambda: status(run_home).pid == terminal.process.pid, "the training in this window")
        wait_for_steps(run_home)
        terminal.process.kill(signal.SIGTERM)
        assert terminal.wait_for_exit() == 128 + signal.SIGTERM
        terminal.assert_restored()
        assert "--resume long" in terminal.text
    assert status(run_home).state == "stopped"


def test_a_dropped_connection_leaves_the_training_in_the_background(run_home):
    with Terminal(run_home) as terminal:
        begin(terminal)
        for _ in range(2):  # the system tells of it, and then the shell
            terminal.process.kill(signal.SIGHUP)
            time.sleep(0.1)
        assert terminal.wait_for_exit() == 128 + signal.SIGHUP
        assert status(run_home).pid != terminal.process.pid
    assert os.getsid(status(run_home).pid) == status(run_home).pid
    wait_for_steps(run_home)


def test_a_dropped_connection_stops_the_training_for_who_wants_that(run_home):
    (run_home / "settings.yaml").write_text("pane: train\non_hangup: stop\n")
    with Terminal(run_home) as terminal:
        begin(terminal)
        terminal.process.kill(signal.SIGHUP)
        assert terminal.wait_for_exit() == 128 + signal.SIGHUP
    assert status(run_home).state == "stopped"


def test_a_terminal_that_is_gone_without_a_signal_is_a_dropped_connection(run_home):
    """Its emulator was killed, and it was not the controlling terminal of anybody."""
    parent, child = pty.openpty()
    command = [PROGRAM, "--data-dir", run_home]
    environment = {**os.environ, "TERM": "xterm-256color"}
    with subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, env=environment, start_new_session=True
    ) as workbench:
        os.close(child)
        read_until(parent, b"Resume")
        os.write(parent, KEYS["f7"].encode())
        until(lambda: status(run_home).pid == workbench.pid, "the training in this window")
        os.close(parent)
        assert workbench.wait(60) == 128 + signal.SIGHUP
    assert status(run_home).pid != workbench.pid
    wait_for_steps(run_home)


def test_the_shell_can_stop_the_workbench_and_go_on_with_it(run_home):
    with Terminal(run_home) as terminal:
        terminal.wait_for("F7 Resume")
        for _ in range(3):
            terminal.process.kill(signal.SIGTSTP)
            until(lambda: ALTERNATE_SCREEN not in terminal.modes, "the main screen")
            terminal.assert_restored()
            terminal.process.kill(signal.SIGCONT)
            until(lambda: ALTERNATE_SCREEN in terminal.modes, "the workbench's screen")
        terminal.press("f6")
        terminal.wait_for("r Resume")
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
        terminal.assert_restored()


def read_until(terminal: int, wanted: bytes) -> None:
    """Reads what a program writes until it has written that."""
    written = b""
    while wanted not in written:
        written += os.read(terminal, 65536)
