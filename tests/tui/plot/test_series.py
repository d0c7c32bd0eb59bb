"""A reduced series keeps every extreme, smooths without bias and reads only what is new."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.tui.plot.series import (
    MAX_BUCKETS,
    SeriesReduction,
    automatic_span,
    finite,
    row_at,
)


def noise(rows: int) -> np.ndarray:
    return np.random.default_rng(rows).normal(2, 0.3, rows)


def reduced(steps: np.ndarray, values: np.ndarray, span: int = 10) -> SeriesReduction:
    series = SeriesReduction()
    series.update(steps, values, span)
    return series


@pytest.mark.parametrize("span", [1, 3, 100, 100_000])
def test_ema_is_the_weighted_mean_of_what_was_seen(span: int) -> None:
    values = noise(700)
    decay = (span - 1) / (span + 1)
    expected = []
    total = weight = 0.0
    for value in values:
        total, weight = decay * total + (1 - decay) * value, decay * weight + (1 - decay)
        expected.append(total / weight)
    smooth = reduced(np.arange(700), values, span).samples.ema
    np.testing.assert_allclose(smooth, expected, rtol=1e-9)


def test_the_first_smoothed_value_is_the_first_value() -> None:
    samples = reduced(np.arange(2), np.array([4.0, 2.0]), 1000).samples
    assert samples.ema[0] == pytest.approx(4.0)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 3 * MAX_BUCKETS), max_size=6), st.sampled_from([1, 30]))
def test_a_series_that_grew_equals_one_read_at_once(cuts: list[int], span: int) -> None:
    rows = 3 * MAX_BUCKETS
    steps, values = np.arange(rows), noise(rows)
    grown = SeriesReduction()
    for cut in [*sorted(cuts), rows]:
        grown.update(steps[:cut], values[:cut], span)
    whole = reduced(steps, values, span).samples
    assert grown.samples.rows == whole.rows == rows
    np.testing.assert_array_equal(grown.samples.steps, whole.steps)
    np.testing.assert_array_equal(grown.samples.low, whole.low)
    np.testing.assert_array_equal(grown.samples.high, whole.high)
    np.testing.assert_allclose(grown.samples.ema, whole.ema, rtol=1e-9)


def test_a_long_series_keeps_its_spikes_in_few_buckets() -> None:
    values = noise(100_000)
    values[43_210] = 99.0
    values[77_777] = -5.0
    samples = reduced(np.arange(100_000), values).samples
    assert len(samples.steps) <= MAX_BUCKETS
    assert samples.high.max() == 99.0
    assert samples.low.min() == -5.0
    assert samples.steps[-1] == 99_999


def test_rows_that_are_not_finite_are_left_out() -> None:
    steps = np.arange(6)
    values = np.array([1.0, np.nan, 2.0, np.inf, -np.inf, 3.0])
    assert reduced(steps, values).samples.steps.tolist() == [0, 2, 5]
    assert finite(steps, values)[1].tolist() == [1, 2, 3]


def test_only_a_change_is_a_change() -> None:
    steps, values = np.arange(100), noise(100)
    series = SeriesReduction()
    assert series.update(steps[:50], values[:50], 10)
    assert not series.update(steps[:50], values[:50], 10)
    assert series.update(steps, values, 10)
    assert series.update(steps, values, 30)


def test_a_series_that_ends_in_nan_can_grow() -> None:
    values = noise(100)
    values[49] = np.nan
    series = SeriesReduction()
    series.update(np.arange(50), values[:50], 10)
    assert not series.update(np.arange(50), values[:50], 10)
    assert series.update(np.arange(100), values, 10)
    assert series.samples.rows == 99


def test_a_series_that_was_cut_back_or_replaced_is_read_anew() -> None:
    steps, values = np.arange(100), noise(100)
    series = reduced(steps, values)
    series.update(steps[:40], values[:40], 10)
    assert series.samples.rows == 40
    series.update(steps, values + 1, 10)
    np.testing.assert_array_equal(series.samples.low, values + 1)
    series.update(steps[:0], values[:0], 10)
    assert series.samples.rows == 0


def test_a_memory_mapped_field_is_read_like_any_array(tmp_path) -> None:
    record = np.dtype([("step", "<i8"), ("loss", "<f4")])
    written = np.zeros(5000, record)
    written["step"], written["loss"] = np.arange(5000), noise(5000)
    written.tofile(tmp_path / "metrics")
    mapped = np.memmap(tmp_path / "metrics", record, mode="r")
    samples = reduced(mapped["step"], mapped["loss"]).samples
    assert samples.rows == 5000
    assert row_at(mapped["step"], 1234.5) == 1234


def test_smoothing_grows_with_the_run() -> None:
    spans = [automatic_span(rows) for rows in (0, 1, 100, 1_000, 10_000, 1_000_000)]
    assert spans == sorted(spans)
    assert spans[0] >= 1
    assert spans[-1] >= 10_000


def test_row_at_finds_the_last_row_not_beyond() -> None:
    steps = np.array([5, 10, 15])
    assert [row_at(steps, step) for step in (0, 5, 9, 10, 99)] == [0, 0, 0, 1, 2]
    assert row_at(np.empty(0), 3) is None


@pytest.mark.parametrize("span", [1, 30, 3000])
def test_a_part_looked_at_closely_is_as_fine_as_the_rows(span: int) -> None:
    rows = 200_000
    steps, values = np.arange(rows), noise(rows)
    values[[100_200, 100_500]] = 9.0, np.nan
    series = reduced(steps, values, span)
    part = series.between(100_000, 101_000, 800)
    assert len(part.steps) >= 1000
    assert part.high.max() == 9.0
    assert part.steps[0] <= 100_000
    assert part.steps[-1] >= 101_000
    # The average goes on from before: it is that of the whole series at the same steps.
    at = np.searchsorted(part.steps, series.samples.steps)
    shared = (at > 0) & (at < len(part.steps))
    assert shared.sum() > 10
    np.testing.assert_array_equal(part.steps[at[shared]], series.samples.steps[shared])
    np.testing.assert_allclose(part.ema[at[shared]], series.samples.ema[shared], rtol=1e-9)


def test_a_long_part_is_taken_from_what_is_there() -> None:
    series = reduced(np.arange(200_000), noise(200_000))
    part = series.between(20_000, 180_000, 400)
    assert 400 <= len(part.steps) < len(series.samples.steps)
    assert part.steps[0] <= 20_000 <= part.steps[1]
    assert part.steps[-2] >= 179_000


def test_a_part_at_the_end_grows_with_the_series() -> None:
    steps, values = np.arange(60_000), noise(60_000)
    series = reduced(steps[:50_000], values[:50_000])
    series.between(49_000, 60_000, 800)
    series.update(steps, values, 10)
    part = series.between(49_000, 60_000, 800)
    assert part.steps[-1] == 59_999
    anew = reduced(steps, values).between(49_000, 60_000, 800)
    np.testing.assert_allclose(part.ema[-1], anew.ema[-1])


def test_a_part_of_nothing_is_nothing() -> None:
    assert len(SeriesReduction().between(3, 7, 100).steps) == 0
