"""The baselines against a slow direct implementation and against a chain whose entropy is known."""

from __future__ import annotations

import dataclasses
import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.text import ngrams
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.ngrams import baselines, ngram_probabilities

V = 4
ids = st.lists(st.integers(0, V - 1), max_size=25)


def direct(train: list[int], history: list[int], token: int, order: int) -> float:
    """Interpolated Witten–Bell as the formula says it."""
    if order == 0:
        return 1 / V
    width = order - 1
    if width > len(history):
        return direct(train, history, token, order - 1)
    context = tuple(history[len(history) - width :])
    followers = Counter(
        train[i + width]
        for i in range(len(train) - width)
        if tuple(train[i : i + width]) == context
    )
    lower = direct(train, history, token, order - 1)
    total = followers.total() + len(followers)
    return (followers[token] + len(followers) * lower) / total if total else lower


@given(ids, st.lists(st.integers(0, V - 1), min_size=1, max_size=8))
@settings(deadline=None, max_examples=60)
def test_probabilities_are_those_of_the_formula_and_sum_to_one(
    train: list[int], history: list[int]
) -> None:
    for_each = [
        [p[-1] for p in ngram_probabilities(np.array(train), np.array([*history, w]), V, 5)]
        for w in range(V)
    ]
    for order in range(6):
        by_token = [for_each[w][order] for w in range(V)]
        assert by_token == pytest.approx([direct(train, history, w, order) for w in range(V)])
        assert sum(by_token) == pytest.approx(1)
        assert min(by_token) > 0


@given(ids, st.lists(st.integers(0, V - 1), min_size=2, max_size=12))
@settings(deadline=None, max_examples=60)
def test_pieces_and_new_numbers_for_contexts_change_nothing(
    train: list[int], val: list[int]
) -> None:
    at_once = list(ngram_probabilities(np.array(train), np.array(val), V, 5))
    with pytest.MonkeyPatch.context() as bounded:
        bounded.setattr(ngrams, "_AT_ONCE", 3)
        bounded.setattr(ngrams, "_LARGEST_KEY", 60)
        in_pieces = list(ngram_probabilities(np.array(train), np.array(val), V, 5))
    for one, other in zip(at_once, in_pieces, strict=True):
        assert one.tolist() == pytest.approx(other.tolist())


@given(ids, st.lists(st.integers(0, V - 1), min_size=2, max_size=12))
@settings(deadline=None, max_examples=60)
def test_every_target_is_scored_with_what_stands_before_it(
    train: list[int], val: list[int]
) -> None:
    by_order = list(ngram_probabilities(np.array(train), np.array(val), V, 5))
    for order, probabilities in enumerate(by_order):
        expected = [direct(train, val[:i], val[i], order) for i in range(1, len(val))]
        assert probabilities.tolist() == pytest.approx(expected)


def test_a_markov_chain_is_learned_down_to_its_entropy() -> None:
    rng = np.random.default_rng(5)
    transition = rng.dirichlet(np.ones(3) * 0.5, size=3)
    draws = rng.random(120_000)
    chain = np.zeros(len(draws), dtype=np.uint16)
    steps = transition.cumsum(axis=1)
    for i in range(1, len(draws)):
        chain[i] = min(2, np.searchsorted(steps[chain[i - 1]], draws[i]))
    train, val = chain[:100_000], chain[100_000:]
    entropy = -np.log(transition[val[:-1], val[1:]]).mean()
    marginal = np.bincount(train, minlength=3) / len(train)
    found = baselines(train, val, 3)
    assert found.uniform == math.log(3)
    assert found.unigram == pytest.approx(-np.log(marginal[val[1:]]).mean(), abs=1e-3)
    assert found.five_gram == pytest.approx(entropy, abs=0.01)
    assert found.bigram == pytest.approx(entropy, abs=1e-3)
    assert found.bigram < found.trigram < found.five_gram < found.unigram < found.uniform
    assert found.tokens_used is None


def test_a_vocabulary_whose_fifth_power_is_beyond_64_bits() -> None:
    rng = np.random.default_rng(1)
    text = rng.permutation(1_000_000)[:500].astype(np.uint32)
    found = baselines(np.tile(text, 4), text, 1_000_000)
    assert found.uniform == math.log(1_000_000)
    assert 0 < found.five_gram < 1 < found.unigram


def test_tokens_that_were_never_seen_cost_a_finite_loss() -> None:
    found = baselines(np.array([1, 2, 2, 2]), np.array([1, 3, 3]), 5)
    assert math.isfinite(found.unigram)
    assert math.isfinite(found.five_gram)
    assert found.unigram > found.uniform


def test_long_texts_are_bounded_at_the_border_of_the_parts() -> None:
    train, val = np.array([0] * 50 + [1, 2] * 50), np.array([1, 2] * 50 + [3] * 50)
    bounded = baselines(train, val, 4, max_tokens=100, max_targets=99)
    near = baselines(train[-100:], val[:100], 4)
    assert bounded == dataclasses.replace(near, tokens_used=100)


@pytest.mark.parametrize(("max_tokens", "max_targets"), [(3, 9), (9, 1)])
def test_a_cut_in_either_part_is_told(max_tokens: int, max_targets: int) -> None:
    train, val = np.array([1, 2, 3, 3]), np.array([1, 2, 3])
    found = baselines(train, val, 4, max_tokens=max_tokens, max_targets=max_targets)
    assert found.tokens_used == min(4, max_tokens)


def test_a_validation_part_without_a_target_is_refused() -> None:
    with pytest.raises(ValueError, match="too short"):
        baselines(np.array([1, 2]), np.array([1]), 3)


def test_it_can_be_called_off() -> None:
    with pytest.raises(CancelledError):
        baselines(np.array([1, 2]), np.array([1, 2]), 3, should_stop=lambda: True)
