"""Shades, grids, signed bars and small plots keep their size and need no colour to be read."""

from __future__ import annotations

import numpy as np
import pytest
from textual.content import Content

from minigpt_tui.tui.inspect.heat import SHADES, THRESHOLDS, heat_row, legend, pooled
from minigpt_tui.tui.inspect.line_plot import Curve, line_plot
from minigpt_tui.tui.inspect.number_grid import number_grid
from minigpt_tui.tui.inspect.signed_bars import signed_bars
from minigpt_tui.tui.inspect.token_label import quoted, token_label


def test_each_share_has_the_sign_of_its_level():
    values = [0.0, *THRESHOLDS, 1.0, np.nan]
    assert heat_row(values).plain == SHADES + SHADES[-1] + " "
    assert heat_row(values, faint=False).plain == " " + SHADES[1:] + SHADES[-1] + " "
    assert heat_row(values, cell=2).cell_length == 2 * len(values)


@pytest.mark.parametrize("cursor", [0, 2, 5])
def test_the_cursor_changes_no_sign_and_no_width(cursor):
    values = [0.5, 0.5, 0.5, 0.01, 0.01, 0.01]
    row = heat_row(values, 2, cursor)
    assert row.plain == heat_row(values, 2).plain
    assert [span.start for span in row.spans if "reverse" in str(span.style)] == [2 * cursor]


def test_a_smaller_picture_keeps_the_largest_of_each_patch():
    picture = np.zeros((10, 7))
    picture[9, 6] = 1
    small = pooled(picture, 3, 2)
    assert small.shape == (3, 2)
    assert small[2, 1] == small.sum() == 1
    assert pooled(picture, 20, 20) is picture


def test_a_grid_shows_what_is_around_its_cursor_and_no_minus_zero():
    values = np.arange(60.0).reshape(6, 10) - 30
    values[5, 9] = -0.0001
    lines = number_grid(
        [f"L{i}" for i in range(6)], [f"H{i}" for i in range(10)], values, (5, 9), 30, 4
    )
    assert len(lines) == 4
    assert all(line.cell_length <= 30 for line in lines)
    assert lines[0].plain.startswith("◀▲")
    assert lines[-1].plain.endswith("+0.000")
    assert "L5" in lines[-1].plain
    assert "H9" in lines[0].plain


def test_what_takes_away_stands_to_the_left():
    for_it, against = (line.plain for line in signed_bars(["a", "b"], [2.0, -1.0], 60))
    assert for_it.index("│") < for_it.index("█")
    assert against.index("█") < against.index("│")
    assert for_it.count("█") == pytest.approx(2 * against.count("█"), abs=2)


def test_a_small_plot_names_its_ends_and_leaves_out_what_is_no_number():
    x = np.array([0.0, 0.5, 1.0])
    lines = line_plot(
        [Curve(x, np.array([4.0, np.nan, 1.0])), Curve(x, np.array([1.0, 2.0, 3.0]), points="●")],
        40,
        5,
        1.0,
        4.0,
        cursor=1.0,
    )
    assert len(lines) == 5
    assert all(line.cell_length == 40 for line in lines)
    assert lines[0].plain.startswith("  4.00 ┤")
    assert lines[4].plain.startswith("  1.00 ┤●")
    assert sum(line.plain.count("●") for line in lines) == 3


@pytest.mark.parametrize("token", [" ", "\n", "\u0301", "字字字", "<EOT>", "\x1b[31m", "a" * 99])
@pytest.mark.parametrize("width", [1, 2, 6])
def test_a_label_has_exactly_its_width_and_nothing_that_acts(token, width):
    label = token_label(token, width)
    assert label.cell_length == width
    assert label.plain.isprintable()
    assert isinstance(quoted(token), Content)


def test_the_legend_is_whole_where_there_are_few_cells() -> None:
    assert legend(40).plain == "· less  ░ ≥4%  ▒ ≥15%  ▓ ≥35%  █ ≥60%"
    assert legend(30).plain == "·less ░≥4% ▒≥15% ▓≥35% █≥60%"
