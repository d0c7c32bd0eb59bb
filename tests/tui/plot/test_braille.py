"""Lines and bands land on the dots where their points are, without gaps."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.tui.plot.braille import band_dots, characters, line_dots


def drawn(dots: np.ndarray) -> list[str]:
    return ["".join(map(chr, row)) for row in characters(dots)]


def test_each_dot_has_its_own_character() -> None:
    for row in range(4):
        for column in range(2):
            dots = np.zeros((4, 2), dtype=bool)
            dots[row, column] = True
            assert drawn(dots) == ["⠁⠂⠄⡀⠈⠐⠠⢀"[column * 4 + row]]
    assert drawn(np.ones((4, 2), dtype=bool)) == ["⣿"]
    assert drawn(np.zeros((4, 4), dtype=bool)) == ["  "]


def test_a_level_line_is_one_dot_thick() -> None:
    dots = line_dots(np.array([0.5, 7.5]), np.array([1.5, 1.5]), 4, 1)
    assert drawn(dots) == ["⠒⠒⠒⠒"]


def test_a_spike_between_two_columns_is_not_lost() -> None:
    x = np.linspace(0, 7.99, 1000)
    y = np.full(1000, 6.0)
    y[503] = 0.0
    dots = line_dots(x, y, 4, 2)
    assert dots[0].any()


def test_a_line_that_leaves_the_canvas_is_cut_at_its_edge() -> None:
    dots = line_dots(np.array([-10.0, 50.0]), np.array([-5.0, 15.0]), 10, 2)
    assert dots.any()
    assert not line_dots(np.array([0.0, 19.0]), np.array([-9.0, -9.0]), 10, 2).any()


def test_a_band_fills_all_between_its_edges() -> None:
    x = np.array([0.0, 7.0])
    dots = band_dots(x, np.array([1.0, 1.0]), np.array([5.0, 5.0]), 4, 2)
    assert dots[1:6, 1:7].all()
    assert not dots[0].any()
    assert not dots[6:].any()


def test_nothing_draws_nothing() -> None:
    empty = np.empty(0)
    assert not line_dots(empty, empty, 5, 3).any()
    assert not band_dots(empty, empty, empty, 5, 3).any()


points = st.lists(
    st.tuples(st.floats(0, 39.9, allow_nan=False), st.floats(0, 31.9, allow_nan=False)),
    min_size=1,
    max_size=40,
)


@settings(deadline=None)
@given(points)
def test_a_line_holds_its_points_and_has_no_gap(points: list[tuple[float, float]]) -> None:
    points.sort()
    x, y = np.array(points).T
    dots = line_dots(x, y, 20, 8)
    for px, py in points:
        assert dots[int(py), int(px)]
    columns = [np.flatnonzero(column) for column in dots.T]
    filled = [column for column in range(40) if len(columns[column])]
    assert filled == list(range(filled[0], filled[-1] + 1))
    for left, right in pairwise(filled):
        assert columns[left][0] <= columns[right][-1] + 1
        assert columns[right][0] <= columns[left][-1] + 1
    for column in filled:
        assert len(columns[column]) == columns[column][-1] - columns[column][0] + 1
