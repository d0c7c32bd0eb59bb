"""Places in a text of several files are shares of the whole, and back."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.tui.corpus.text_extent import TextExtent


def test_a_share_falls_into_one_of_the_files() -> None:
    extent = TextExtent((10, 30, 60))
    assert extent.place_at(0) == (0, 0)
    assert extent.place_at(0.25) == (1, 15)
    assert extent.place_at(0.5) == (2, 10)
    assert extent.share_of(2, 60) == 1


def test_an_empty_text_divides_nothing_by_zero() -> None:
    assert TextExtent((0,)).share_of(0, 0) == 0
    assert TextExtent((0,)).place_at(0.5) == (0, 0)


@given(st.lists(st.integers(1, 10**9), min_size=1, max_size=9), st.floats(0, 1, exclude_max=True))
def test_a_place_is_found_again(sizes: list[int], share: float) -> None:
    extent = TextExtent(tuple(sizes))
    file, byte = extent.place_at(share)
    assert 0 <= byte <= sizes[file]
    assert abs(extent.share_of(file, byte) - share) <= 1 / extent.whole
