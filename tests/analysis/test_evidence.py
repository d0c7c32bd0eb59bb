"""What the training text is said to contain is what a plain count finds in it."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.analysis.evidence import (
    Span,
    TrainingText,
    continuations,
    held_out_lengths,
    verbatim_spans,
)
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.tokenizers import UNK_ID

known = st.integers(1, 4)
texts = st.lists(known, min_size=1, max_size=60)


def training_text(ids: list[int]) -> TrainingText:
    return TrainingText(np.array(ids, dtype=np.uint16))


def followers(ids: list[int], phrase: list[int]) -> Counter[int]:
    n = len(phrase)
    return Counter(ids[i + n] for i in range(len(ids) - n) if ids[i : i + n] == phrase)


@given(texts, st.lists(known, max_size=6))
def test_counts_are_those_after_the_longest_end_that_goes_on(ids, context):
    found = continuations(training_text(ids), context)
    ends = [context[len(context) - n :] for n in range(len(context), -1, -1)]
    longest = next(end for end in ends if followers(ids, end))
    assert found.matched == len(longest)
    assert dict(zip(found.ids, found.counts, strict=True)) == followers(ids, longest)
    assert found.occurrences == followers(ids, longest).total()
    assert (np.diff(found.counts) <= 0).all()


def contained(ids: list[int], phrase: list[int]) -> bool:
    return any(ids[i : i + len(phrase)] == phrase for i in range(len(ids)))


@given(texts, st.lists(st.integers(0, 5), max_size=12), st.integers(1, 3))
def test_spans_are_all_that_no_longer_one_contains(ids, examined, shortest):
    found = verbatim_spans(training_text(ids), examined, shortest)
    every = [
        (start, end)
        for start in range(len(examined))
        for end in range(start + 1, len(examined) + 1)
        if UNK_ID not in examined[start:end] and contained(ids, examined[start:end])
    ]
    widest = [
        (a, b)
        for a, b in every
        if not any(c <= a and b <= d and (a, b) != (c, d) for c, d in every)
    ]
    expected = [(a, b - a) for a, b in widest if b - a >= shortest]
    assert [(span.start, span.length) for span in found] == expected
    for span in found:
        there = ids[span.place : span.place + span.length]
        assert there == examined[span.start : span.start + span.length]


def test_an_unknown_matches_nothing_not_even_another_unknown():
    text = training_text([1, 5, UNK_ID, 6, 7, 5, 6])
    assert continuations(text, [UNK_ID, 6]).matched == 1
    assert continuations(text, [5, UNK_ID]).matched == 0
    spans = verbatim_spans(text, [5, UNK_ID, 6])
    assert [(span.start, span.length) for span in spans] == [(0, 1), (2, 1)]


def test_without_a_context_every_token_is_counted():
    found = continuations(training_text([1, 3, 3, 2]), [])
    assert (found.matched, found.ids.tolist(), found.counts.tolist()) == (0, [3, 1, 2], [2, 1, 1])


def test_of_a_long_text_a_part_is_searched_and_said_so():
    text = TrainingText(np.array([1, 2, 3, 4, 5], dtype=np.uint16), most_tokens=3)
    found = continuations(text, [4])
    assert (found.matched, found.searched, found.tokens) == (0, 3, 5)


def test_held_out_text_shows_what_is_common_without_copying():
    numbers = np.random.default_rng(0)
    text = training_text(numbers.integers(1, 30, 5000).tolist())
    lengths = held_out_lengths(text, numbers.integers(1, 30, 2000), length=100)
    assert lengths.shape == (20,)
    assert ((lengths >= 2) & (lengths <= 6)).all()
    copied = text.ids[300:400].tolist()
    assert verbatim_spans(text, copied) == [Span(0, 100, 300)]
    assert held_out_lengths(text, np.array([31, 32]), length=100).tolist() == [0]


def test_long_work_can_be_called_off():
    with pytest.raises(CancelledError):
        held_out_lengths(training_text([1, 2]), np.ones(50, dtype=int), 5, should_stop=lambda: True)
