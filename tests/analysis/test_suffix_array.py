"""Every phrase is found where a search from place to place finds it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.analysis import suffix_array
from minigpt_tui.analysis.suffix_array import DEPTH, SuffixArray, sorted_places
from minigpt_tui.text.cancel import CancelledError

few_kinds = st.lists(st.integers(0, 3), max_size=60)


def array(ids: list[int]) -> np.ndarray:
    return np.array(ids, dtype=np.uint16)


@given(few_kinds)
def test_places_are_sorted_by_what_follows(ids):
    assert sorted_places(array(ids)).tolist() == sorted(range(len(ids)), key=lambda i: ids[i:])


@given(few_kinds, st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_occurrences_are_all_there_are(ids, phrase):
    n = len(phrase)
    expected = [i for i in range(len(ids)) if ids[i : i + n] == phrase]
    assert sorted(SuffixArray(array(ids)).occurrences(phrase).tolist()) == expected


@given(few_kinds, st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_the_longest_match_is_the_longest(ids, phrase):
    found = SuffixArray(array(ids)).longest(phrase)
    lengths = [
        n
        for n in range(len(phrase) + 1)
        if any(ids[i : i + n] == phrase[:n] for i in range(len(ids) + 1))
    ]
    assert found.length == max(lengths)
    assert ids[found.place : found.place + found.length] == phrase[: found.length]


@settings(max_examples=30)
@given(st.integers(1, 4), st.integers(2, 5))
def test_a_text_that_repeats_itself_takes_no_more_rounds(period, depth_bits):
    ids = list(range(period)) * 40
    shallow = 2**depth_bits
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(suffix_array, "DEPTH", shallow)
        places = sorted_places(array(ids)).tolist()
    # Sorted by so many tokens, and by place where they are alike.
    assert places == sorted(range(len(ids)), key=lambda i: (ids[i : i + shallow], i))


def test_a_phrase_longer_than_what_is_sorted_is_followed_to_its_end():
    ids = np.random.default_rng(0).integers(0, 50, 3 * DEPTH)
    index = SuffixArray(ids)
    found = index.longest(ids[10 : 10 + 2 * DEPTH].tolist())
    assert (found.place, found.length) == (10, 2 * DEPTH)


@pytest.mark.parametrize("largest", [2**16 - 1, 10**6])
def test_ids_of_every_size_are_kept_in_order(largest):
    ids = np.array([largest, 0, 256, 1, largest, 255], dtype=np.uint32)
    assert sorted_places(ids).tolist() == [1, 3, 5, 2, 0, 4]
    assert SuffixArray(ids).longest([256, 1, 7]).length == 2


def test_sorting_can_be_called_off():
    with pytest.raises(CancelledError):
        sorted_places(np.zeros(100, dtype=np.uint16), should_stop=lambda: True)
