"""The frame has the size that was asked for, and its ticks stand where the curves will be."""

from __future__ import annotations

import subprocess
import sys

import pytest

from minigpt_tui.tui.plot.plot_frame import MIN_HEIGHT, MIN_WIDTH, plot_frame
from minigpt_tui.tui.plot.plot_limits import Axis

X, Y = Axis(0, 1000), Axis(1.0, 4.0)


@pytest.mark.parametrize("size", [(80, 20), (24, 6), (40, 8), (220, 60), (301, 90)])
def test_the_frame_has_its_size_whatever_the_terminal_has(size: tuple[int, int]) -> None:
    width, height = size
    frame = plot_frame(width, height, X, Y)
    rows = frame.cells.text()
    assert [len(row) for row in rows] == [width] * height
    assert frame.left + frame.width == width
    assert frame.top + frame.height == height - 2
    assert rows[frame.height][frame.left - 1] == "└"
    assert all(row[frame.left :].strip() == "" for row in rows[: frame.height])


@pytest.mark.parametrize("y", [Y, Axis(1.0, 8.0, log=True)])
def test_ticks_stand_where_their_values_are_drawn(y: Axis) -> None:
    frame = plot_frame(100, 31, X, y)
    rows = frame.cells.text()
    labelled = 0
    for row, line in enumerate(rows[: frame.height]):
        label = line[: frame.left - 1].strip()
        if label:
            assert line[frame.left - 1] == "┤"
            expected = 0.5 + (1 - y.fraction(float(label))) * (frame.height - 1)
            assert row == pytest.approx(expected - 0.5, abs=1.01)
            labelled += 1
    assert labelled >= 3
    ticked = [column for column, sign in enumerate(rows[-2]) if sign == "┬"]
    assert ticked[0] == frame.left
    assert "400" in rows[-1]
    assert "step" in rows[-1]


def test_a_tiny_frame_leaves_the_room_to_the_curves() -> None:
    for width, height in ((MIN_WIDTH - 1, 20), (80, MIN_HEIGHT - 1), (1, 1)):
        frame = plot_frame(width, height, X, Y)
        assert (frame.left, frame.top, frame.width, frame.height) == (0, 0, width, height)


def test_the_same_frame_is_drawn_once() -> None:
    assert plot_frame(80, 20, X, Y) is plot_frame(80, 20, Axis(0, 1000), Axis(1.0, 4.0))


def test_importing_the_widget_does_not_import_plotext() -> None:
    code = "import sys, minigpt_tui.tui.plot.loss_plot; print('plotext' in sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == "False"
