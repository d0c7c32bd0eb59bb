"""Numbers read well and keep their width."""

from __future__ import annotations

import math

import pytest

from minigpt_tui.tui.widgets.numbers import duration, short_count, size


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00"),
        (7.4, "0:07"),
        (750, "12:30"),
        (11_100, "3:05:00"),
        (187_200, "2 d 04 h"),
        (math.inf, "–"),
        (math.nan, "–"),
        (-1, "–"),
    ],
)
def test_durations(seconds, shown):
    assert duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [(812, "812"), (9_999, "9,999"), (45_200, "45.2 k"), (3_160_000, "3.16 M"), (1.2e9, "1.2 G")],
)
def test_counts(number, shown):
    assert short_count(number) == shown


@pytest.mark.parametrize(
    ("n_bytes", "shown"), [(12, "12 bytes"), (21_319, "21.3 kB"), (1.1e6, "1.1 MB"), (2e9, "2 GB")]
)
def test_sizes(n_bytes, shown):
    assert size(n_bytes) == shown
