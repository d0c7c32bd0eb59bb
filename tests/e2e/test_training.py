"""Watching and steering a training on a real terminal."""

from __future__ import annotations

from functools import partial

from tests.e2e.terminal import Terminal
from tests.e2e.training import begin, status, until, wait_for_steps


def test_pausing_stopping_and_resuming(run_home):
    with Terminal(run_home, columns=120, lines=40) as terminal:
        begin(terminal)
        terminal.press("f7")
        terminal.wait_for("‖ paused")
        step = status(run_home).step
        terminal.press("f7")
        terminal.wait_for(lambda text: "paused" not in text.lower())
        until(lambda: status(run_home).step > step, "a step after the pause")
        terminal.press("f8")
        terminal.wait_for("■ stopped")
        begin(terminal)
        wait_for_steps(run_home)


def test_a_storm_of_sizes_while_training_leaves_the_screen_whole(run_home):
    with Terminal(run_home) as terminal:
        begin(terminal)
        for columns, lines in [(220, 60), (80, 24), (160, 45), (60, 20)] * 5:
            terminal.resize(columns, lines)
        for columns, lines in [(220, 60), (80, 24)]:
            terminal.resize(columns, lines)
            terminal.wait_for(partial(whole, width=columns, lines=lines))
        wait_for_steps(run_home)
        terminal.press("f6")
        terminal.wait_for("Runs (1)")


def whole(text: str, width: int, lines: int) -> bool:
    """Header, footer and a frame that reaches the right edge, as after a calm start."""
    rows = text.split("\n")
    assert len(rows) == lines
    framed = any(len(row) == width and row.endswith("╮") for row in rows)
    return "F3 Train" in rows[0] and "F1 Help" in rows[-1] and framed
