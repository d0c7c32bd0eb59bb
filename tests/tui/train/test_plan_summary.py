"""What a training would take, in a column of figures."""

from __future__ import annotations

import pytest

from minigpt_tui.tui.train.plan_summary import FIGURE_WIDTH, time_in_column


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (7, ("0:07", "minutes")),
        (750, ("12:30", "minutes")),
        (11_100, ("3:05", "hours")),
        (172_000, ("47:47", "hours")),
        (514_800, ("6.0", "days")),
        (1e9, ("11,574", "days")),
    ],
)
def test_a_time_is_named_in_its_unit_and_fits(seconds: float, shown: tuple[str, str]) -> None:
    assert time_in_column(seconds) == shown
    assert len(shown[0]) < FIGURE_WIDTH, "a sign stands before it"
