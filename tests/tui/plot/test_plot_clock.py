"""Steps are found on the other axes and back, whatever the columns hold."""

from __future__ import annotations

import numpy as np
import pytest

from minigpt_tui.tui.plot.plot_clock import KINDS, MOST_KNOTS, Clock, Progress


def columns(rows: int) -> tuple[np.ndarray, Progress]:
    steps = np.arange(1, rows + 1)
    seconds = np.cumsum(np.where(steps % 2, 0.1, 0.3))
    return steps, Progress(steps / 100, np.full(rows, 64, dtype="f4"), seconds)


def clock_of(rows: int) -> Clock:
    clock = Clock()
    clock.update(*columns(rows))
    return clock


def cut(progress: Progress, rows: int) -> Progress:
    return Progress(progress.epoch[:rows], progress.tokens[:rows], progress.seconds[:rows])


@pytest.mark.parametrize("rows", [1, 50, 20_000])
def test_a_step_lies_where_its_row_says(rows: int) -> None:
    clock = clock_of(rows)
    steps, progress = columns(rows)
    np.testing.assert_allclose(clock.place("epoch", steps.astype(float)), progress.epoch)
    np.testing.assert_allclose(clock.place("tokens", steps.astype(float)), 64.0 * steps)
    np.testing.assert_allclose(clock.place("time", steps.astype(float)), progress.seconds, atol=0.4)


@pytest.mark.parametrize("kind", KINDS)
def test_there_and_back_is_the_same_step(kind: str) -> None:
    clock = clock_of(5000)
    for step in (0.0, 1.0, 777.0, 5000.0, 9000.0):  # also beyond the newest one
        placed = float(clock.place(kind, np.array([step]))[0])
        assert clock.step(kind, placed) == pytest.approx(step, abs=0.01)


def test_reading_in_pieces_is_reading_at_once() -> None:
    steps, progress = columns(30_000)
    pieces = Clock()
    for rows in (10, 11, 500, 20_000, 30_000):
        pieces.update(steps[:rows], cut(progress, rows))
    at = np.linspace(1, 30_000, 300)
    for kind in KINDS:
        np.testing.assert_allclose(
            pieces.place(kind, at), clock_of(30_000).place(kind, at), rtol=1e-3, atol=0.5
        )


def test_a_clock_of_many_steps_stays_small() -> None:
    steps, progress = columns(60_000)
    clock = Clock()
    for rows in range(1000, 60_001, 1000):
        clock.update(steps[:rows], cut(progress, rows))
    assert len(clock.speed()[0]) <= MOST_KNOTS


def test_a_run_that_went_back_is_read_anew() -> None:
    steps, progress = columns(1000)
    clock = clock_of(1000)
    clock.update(steps[:300], cut(progress, 300))
    assert clock.place("epoch", np.array([300.0]))[0] == pytest.approx(3.0)
    assert clock.speed()[0][-1] == 300


def test_speed_is_tokens_over_time() -> None:
    _, progress = columns(1000)
    _, speed = clock_of(1000).speed()
    assert speed.mean() == pytest.approx(64 * 1000 / progress.seconds[-1], rel=0.5)


def test_what_was_not_recorded_is_not_known() -> None:
    nothing = np.empty(0)
    clock = Clock()
    clock.update(np.arange(10), Progress(nothing, nothing, nothing))
    assert [kind for kind in KINDS if clock.knows(kind)] == ["step"]
    assert clock.place("step", np.array([7.0]))[0] == 7


def test_broken_figures_do_not_turn_the_axis_around() -> None:
    steps, progress = columns(100)
    progress.seconds[50] = -4.0
    progress.seconds[60] = np.nan
    progress.tokens[3] = np.inf
    clock = Clock()
    clock.update(steps, progress)
    for kind in KINDS:
        placed = clock.place(kind, np.arange(1.0, 101.0))
        assert np.isfinite(placed).all()
        assert (np.diff(placed) >= 0).all()
