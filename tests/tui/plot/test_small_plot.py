"""A small plot fills its rows, names its limits, and takes whatever was recorded."""

from __future__ import annotations

import numpy as np
import pytest

from minigpt_tui.tui.plot.cells import Cells
from minigpt_tui.tui.plot.series import SeriesReduction
from minigpt_tui.tui.plot.small_plot import draw_small, figure


def drawn(values: list[float], rows: int = 3, value: float | None = 1.0) -> list[str]:
    steps = np.arange(len(values))
    series = SeriesReduction()
    series.update(steps, np.array(values), 1)
    cells = Cells.blank(40, rows)
    x = series.samples.steps / max(len(values) - 1, 1)
    draw_small(cells, 0, rows, 6, 34, "tokens/s", value, x, series.samples)
    return cells.text()


def test_name_value_and_limits_stand_around_the_curve() -> None:
    rows = drawn([0.0, 5e-4, 1e-3], value=5e-4)
    assert rows[0].strip() == "tokens/s 5e-4"
    assert rows[1].startswith(" 1e-3│")
    assert rows[2].startswith("    0│")


def test_limits_that_are_close_can_be_told_apart() -> None:
    rows = drawn([12_600.0, 12_700.0, 12_650.0])
    assert rows[1].split("│")[0].strip() == "13k"
    assert rows[2].split("│")[0].strip() == "12k"


def test_the_curve_reaches_from_the_first_dot_to_the_last() -> None:
    rows = drawn([0.0, 10.0])
    assert ord(rows[1].rstrip()[-1]) & 0b1001, "the uppermost dots of the right end"
    assert ord(rows[2][6]) & 0b11000000, "the lowest dots of the left end"


@pytest.mark.parametrize(
    "values",
    [[], [1.0], [2.0] * 9, [0.0] * 9, [np.nan] * 5, [np.inf, 1.0, -np.inf], [-3.0, -1.0], [1e-30]],
)
@pytest.mark.parametrize("rows", [3, 6])
def test_odd_series_do_no_harm(values: list[float], rows: int) -> None:
    assert [len(row) for row in drawn(values, rows, None)] == [40] * rows
    assert "not recorded" in drawn(values, rows, None)[0]


def test_figures_are_short() -> None:
    values = (3e-4, 1.26e-5, 0.0, 0.8213, 12.345, 12_345.0, 3_160_000.0, float("nan"))
    shown = [figure(value) for value in values]
    assert shown == ["3e-4", "1.3e-5", "0", "0.821", "12.3", "12.3k", "3.16M", "nan"]
