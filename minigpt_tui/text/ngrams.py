"""What simple models reach on a text: the reference lines beside a loss curve.

The n-gram model is interpolated with Witten–Bell smoothing (Witten & Bell 1991, "The
Zero-Frequency Problem"; in the form of Chen & Goodman 1999, "An Empirical Study of Smoothing
Techniques for Language Modeling"). With c(h w) how often token w followed the context h in the
training text, c(h) the sum over w, T(h) the number of different w, and h' the context without its
oldest token:

    p(w | h) = (c(h w) + T(h) · p(w | h')) / (c(h) + T(h)),   p(w | nothing yet) = 1 / V

and p(w | h) = p(w | h') where h never occurred. Each p sums to 1 over the vocabulary, and no
token has probability 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from minigpt_tui.text.cancel import ShouldStop, check_cancelled

Ids = npt.NDArray[np.integer[Any]]
Keys = npt.NDArray[np.int64]
Probabilities = npt.NDArray[np.float64]

MAX_TOKENS = 8_000_000
"""Training tokens that are counted at most."""
MAX_TARGETS = 2_000_000
"""Validation tokens that are scored at most: so many give the mean to the third decimal."""
_AT_ONCE = 1 << 20
_LARGEST_KEY = 2**63 - 1


@dataclass(frozen=True)
class Baselines:
    """Mean loss on the validation ids, in nats a token."""

    uniform: float  # every token equally likely
    unigram: float  # by how frequent it is
    bigram: float  # by the token before it
    trigram: float  # by the two tokens before it
    five_gram: float  # by the four tokens before it
    tokens_used: int | None  # training tokens that were counted; None: the whole of both parts


def baselines(
    train_ids: Ids,
    val_ids: Ids,
    vocab_size: int,
    *,
    max_tokens: int = MAX_TOKENS,
    max_targets: int = MAX_TARGETS,
    should_stop: ShouldStop = None,
) -> Baselines:
    """The baselines, fitted on `train_ids` and scored on `val_ids[1:]`, a model's targets.

    Of longer ids those nearest to the border between the two parts count: the last `max_tokens` of
    training, the first `max_targets` targets of validation. Raises ValueError if there is no
    target, CancelledError when `should_stop` says so.
    """
    train, val = train_ids[-max_tokens:], val_ids[: max_targets + 1]
    if len(val) < 2:
        raise ValueError("The validation text is too short to measure a loss on it.")
    losses = [
        float(-np.log(probabilities).mean())
        for probabilities in ngram_probabilities(train, val, vocab_size, 5, should_stop)
    ]
    _, unigram, bigram, trigram, _, five_gram = losses
    whole = len(train) == len(train_ids) and len(val) == len(val_ids)
    return Baselines(
        uniform=math.log(vocab_size),
        unigram=unigram,
        bigram=bigram,
        trigram=trigram,
        five_gram=five_gram,
        tokens_used=None if whole else len(train),
    )


def ngram_probabilities(
    train_ids: Ids, val_ids: Ids, vocab_size: int, order: int, should_stop: ShouldStop = None
) -> Iterator[Probabilities]:
    """The probability of each target `val_ids[1:]` by the models of order 0 (uniform) to `order`.

    Order n looks at the n − 1 tokens before the target (at fewer in the beginning). Each of the
    order + 1 arrays is [targets]. Takes some 30 bytes of memory a training token.
    """
    for ids in (train_ids, val_ids):
        assert not len(ids) or 0 <= ids.min() <= ids.max() < vocab_size <= 2**32
    train = np.asarray(train_ids, dtype=np.uint32)
    val = np.asarray(val_ids, dtype=np.uint32)
    p = np.full(len(val), 1.0 / vocab_size)  # of every token; the first one is no target
    yield p[1:]
    # An n-gram is one number, its key: its tokens are the digits, the context is key // V. So the
    # sorted keys of a text have everything that follows a context side by side.
    train_keys, val_keys = np.zeros(len(train), np.int64), np.zeros(len(val), np.int64)
    n_contexts = 1  # every context's number is below
    for n in range(1, order + 1):
        check_cancelled(should_stop)
        if n_contexts > _LARGEST_KEY // vocab_size:
            train_keys, val_keys, n_contexts = _renumbered(train_keys, val_keys, should_stop)
        # Row i has the key of the context before token i + n − 1; with that token it is a key.
        for keys, ids in ((train_keys, train), (val_keys, val)):
            keys *= vocab_size
            keys += ids[n - 1 :]
        p = p.copy()
        _interpolate(p[n - 1 :], val_keys, np.sort(train_keys), vocab_size, should_stop)
        yield p[1:]
        train_keys, val_keys = train_keys[:-1], val_keys[:-1]
        n_contexts *= vocab_size


def _interpolate(
    p: Probabilities, keys: Keys, sorted_keys: Keys, vocab_size: int, should_stop: ShouldStop
) -> None:
    """Turns p(w | h') into p(w | h), in place, for the n-grams `keys` [targets] of the targets.

    `sorted_keys` are the training text's n-grams, each as often as it occurs.
    """
    is_first = np.ones(len(sorted_keys), dtype=np.bool_)
    np.not_equal(sorted_keys[1:], sorted_keys[:-1], out=is_first[1:])
    distinct_before = np.zeros(len(sorted_keys) + 1, dtype=np.int32)
    np.cumsum(is_first, out=distinct_before[1:])
    for start in range(0, len(keys), _AT_ONCE):
        check_cancelled(should_stop)
        place = np.argsort(keys[start : start + _AT_ONCE])  # in order they are found much faster
        place += start
        key, lower = keys[place], p[place]
        context = key - key % vocab_size
        begin = np.searchsorted(sorted_keys, context)
        end = np.searchsorted(sorted_keys, context + vocab_size)
        count = np.searchsorted(sorted_keys, key, "right") - np.searchsorted(sorted_keys, key)
        distinct = distinct_before[end] - distinct_before[begin]
        total = end - begin + distinct
        p[place] = np.where(total, (count + distinct * lower) / np.maximum(total, 1), lower)


def _renumbered(
    train_keys: Keys, val_keys: Keys, should_stop: ShouldStop
) -> tuple[Keys, Keys, int]:
    """The contexts numbered anew without gaps, and how many numbers there are.

    Only those before a target matter; all the others get the last number.
    """
    known, val_numbers = np.unique(val_keys, return_inverse=True)
    train_numbers = np.full(len(train_keys), len(known), dtype=np.int64)
    if len(known):
        for start in range(0, len(train_keys), _AT_ONCE):
            check_cancelled(should_stop)
            keys = train_keys[start : start + _AT_ONCE]
            place = np.minimum(np.searchsorted(known, keys), len(known) - 1)
            numbers = train_numbers[start : start + _AT_ONCE]
            np.copyto(numbers, place, where=known[place] == keys)
    return train_numbers, val_numbers.astype(np.int64, copy=False), len(known) + 1
