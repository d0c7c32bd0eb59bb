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
Probabilities = npt.NDArray[np.float64]

_SCORED_AT_ONCE = 1 << 17


@dataclass(frozen=True)
class Baselines:
    """Mean loss on the validation ids, in nats a token."""

    uniform: float  # every token equally likely
    unigram: float  # by how frequent it is
    five_gram: float  # by the four tokens before it


def baselines(
    train_ids: Ids,
    val_ids: Ids,
    vocab_size: int,
    *,
    order: int = 5,
    max_tokens: int = 2_000_000,
    should_stop: ShouldStop = None,
) -> Baselines:
    """The baselines, fitted on `train_ids` and scored on `val_ids[1:]`, a model's targets.

    Of longer ids the `max_tokens` nearest to the border between the two parts count: the last of
    training, the first of validation. Takes a second or two and 250 MB at the default bound.
    Raises ValueError if there is no target, CancelledError when `should_stop` says so.
    """
    train, val = train_ids[-max_tokens:], val_ids[:max_tokens]
    if len(val) < 2:
        raise ValueError("The validation text is too short to measure a loss on it.")
    losses = [
        float(-np.log(probabilities).mean())
        for probabilities in ngram_probabilities(train, val, vocab_size, order, should_stop)
    ]
    return Baselines(uniform=math.log(vocab_size), unigram=losses[1], five_gram=losses[-1])


def ngram_probabilities(
    train_ids: Ids, val_ids: Ids, vocab_size: int, order: int, should_stop: ShouldStop = None
) -> Iterator[Probabilities]:
    """The probability of each target `val_ids[1:]` by the models of order 0 (uniform) to `order`.

    Order n looks at the n − 1 tokens before the target (at fewer in the beginning). Each of the
    order + 1 arrays is [targets]. There may be up to 2³¹ ids.
    """
    for ids in (train_ids, val_ids):
        assert not len(ids) or 0 <= ids.min() <= ids.max() < vocab_size <= 2**32
    train = np.asarray(train_ids, dtype=np.uint32)
    val = np.asarray(val_ids, dtype=np.uint32)
    p = np.full(len(val), 1.0 / vocab_size)  # of every token; the first one is no target
    yield p[1:]
    # Which known context stands before each position; there is one empty context, number 0.
    train_context = np.zeros(len(train), dtype=np.int32)
    val_context = np.zeros(len(val), dtype=np.int32)
    n_contexts = 1
    for n in range(1, order + 1):
        check_cancelled(should_stop)
        # The n-gram that ends at a position, as one number: its context's number and its token.
        # Contexts are numbered anew for each n, so the number stays below tokens · V.
        begins = n - 1
        ends_here = train_context[begins:].astype(np.int64) * vocab_size + train[begins:]
        grams, numbers, counts = np.unique(ends_here, return_inverse=True, return_counts=True)
        # The n-gram that ends at a position is the context of the position after it.
        train_context = np.full(len(train), -1, dtype=np.int32)
        train_context[n:] = numbers[: max(0, len(train) - n)]
        del ends_here, numbers  # the largest arrays
        contexts = grams // vocab_size
        followed = np.bincount(contexts, weights=counts, minlength=n_contexts)
        distinct = np.bincount(contexts, minlength=n_contexts)

        higher = np.empty_like(p)
        gram = np.empty(len(val), dtype=np.int32)
        for start in range(0, len(val), _SCORED_AT_ONCE):
            part = slice(start, start + _SCORED_AT_ONCE)
            here = val_context[part].astype(np.int64)
            seen = _lookup(grams, np.where(here < 0, -1, here * vocab_size + val[part]))
            count = np.where(seen >= 0, counts[seen], 0) if len(counts) else 0
            total = np.where(here >= 0, followed[here] + distinct[here], 0)
            weight = np.where(here >= 0, distinct[here], 0)
            with np.errstate(invalid="ignore"):
                higher[part] = np.where(total > 0, (count + weight * p[part]) / total, p[part])
            gram[part] = seen
        p = higher
        yield p[1:]
        val_context = np.concatenate([np.array([-1], dtype=np.int32), gram[:-1]])
        n_contexts = max(1, len(grams))


def _lookup(sorted_keys: npt.NDArray[np.int64], keys: npt.NDArray[np.int64]) -> Any:
    """Where each of `keys` stands in `sorted_keys`; −1 for those that do not."""
    if not len(sorted_keys):
        return np.full(len(keys), -1, dtype=np.int64)
    place = np.minimum(np.searchsorted(sorted_keys, keys), len(sorted_keys) - 1)
    return np.where(sorted_keys[place] == keys, place, -1)
