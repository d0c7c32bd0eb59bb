"""A model that is right as often as it is sure has no calibration error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.analysis.calibration import calibration


def test_right_as_often_as_sure_is_perfect():
    confidence = np.repeat([0.25, 0.5, 0.75, 1.0], 4)
    correct = np.array([1, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1], dtype=bool)
    found = calibration(confidence, correct, bins=4)
    assert found.ece == 0
    assert found.counts.tolist() == [4, 4, 4, 4]
    assert found.accuracy.tolist() == found.confidence.tolist() == [0.25, 0.5, 0.75, 1.0]


def test_always_sure_and_half_right_is_half_wrong():
    found = calibration(np.ones(10), np.arange(10) % 2 == 0)
    assert found.ece == pytest.approx(0.5)
    assert found.counts.tolist() == [0] * 9 + [10]
    assert np.isnan(found.accuracy[:9]).all()


@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60),
    st.integers(1, 20),
)
def test_it_is_the_sum_over_the_bins(pairs, bins):
    confidence = np.array([p for p, _ in pairs])
    correct = np.array([right for _, right in pairs])
    found = calibration(confidence, correct, bins)
    assert found.counts.sum() == len(pairs)
    assert 0 <= found.ece <= 1
    full = found.counts > 0
    assert (found.counts * found.accuracy)[full].sum() == pytest.approx(correct.sum())
    assert (found.counts * found.confidence)[full].sum() == pytest.approx(confidence.sum())
    gaps = np.abs(found.accuracy - found.confidence)[full]
    assert found.ece == pytest.approx((found.counts[full] * gaps).sum() / len(pairs))
    edges = np.arange(bins + 1) / bins
    inside = found.confidence[full]
    assert (inside >= edges[:-1][full] - 1e-9).all()
    assert (inside <= edges[1:][full] + 1e-9).all()


@pytest.mark.parametrize(("n", "bins"), [(0, 10), (3, 0)])
def test_without_predictions_or_bins_there_is_nothing_to_say(n, bins):
    with pytest.raises(ValueError, match=r"no prediction|from 1 up"):
        calibration(np.ones(n), np.ones(n, dtype=bool), bins)
