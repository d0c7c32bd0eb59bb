"""What a model says after a text, with each token computed once: the engine of all inference.

An engine knows token ids and logits, and nothing of text. It keeps the keys and values of what it
read last: a context that begins like the last one costs only the tokens that are new, and many
continuations of one context share what the context left behind.

Of more tokens than the model's window an engine sees a part, by a rule that knows the length alone
(`first_seen`): the same tokens have the same logits whatever was asked before.

The cache works in float32 on the CPU, in numpy (see `layers`), which should have one thread: the
command line sets OPENBLAS_NUM_THREADS. A model elsewhere, in another precision, or of another kind
is asked itself, by `UncachedEngine` with the same rule.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from minigpt_tui.inference.layers import (
    Cache,
    Floats,
    causal_mask,
    read_rows,
    read_side_by_side,
    weights_of,
)
from minigpt_tui.inference.next_token import UncachedEngine, check_finite, first_seen
from minigpt_tui.inference.word_search import NextLogits
from minigpt_tui.model.gpt2 import GPT
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.qwen3 import Qwen3

ROWS_AT_ONCE = 256
"""Of a long prompt: attention's weights then take little memory, and products are fast enough."""


class Engine(Protocol):
    """The logits for the token after some others. Raises ValueError for a model that diverged."""

    def logits_after(self, ids: Sequence[int]) -> Floats:
        """Logits [V] for the token after `ids`, which are at least one."""

    def branches(self, ids: Sequence[int]) -> NextLogits:
        """The logits [B, V] after each of B continuations of `ids`; an empty one is `ids` alone."""

    def fork(self) -> Engine:
        """An engine for another user, which has read the same."""

    def refresh(self) -> None:
        """To be called when the model's weights have changed: forgets what was read."""


def engine_for(model: LanguageModel) -> Engine:
    """The fastest engine that this model can have."""
    plain = all(
        type(weight.data) is torch.Tensor
        and weight.device.type == "cpu"
        and weight.dtype == torch.float32
        for weight in model.parameters()
    )
    if plain and isinstance(model, GPT | Qwen3):
        return CachedEngine(model)
    return UncachedEngine(model)


class CachedEngine:
    """Keeps the keys and values of the tokens that it read last. For one thread at a time."""

    def __init__(self, model: GPT | Qwen3) -> None:
        self._model = model
        self.refresh()

    def refresh(self) -> None:
        self.weights = weights_of(self._model)
        self.cache = Cache(self.weights)
        self._read: list[int] = []

    def fork(self) -> CachedEngine:
        new = CachedEngine.__new__(CachedEngine)
        new._model, new.weights = self._model, self.weights
        new.cache, new._read = self.cache.copy(), self._read.copy()
        return new

    def logits_after(self, ids: Sequence[int]) -> Floats:
        assert ids, "a context has at least one token"
        self.read(self._seen(ids))
        logits: Floats = self.logits([self.cache.used - 1])[0]
        return logits

    def branches(self, ids: Sequence[int]) -> NextLogits:
        return Branches(self.fork(), list(ids))

    def read(self, ids: list[int]) -> None:
        """Makes the cache hold just these tokens; at most the window."""
        known = min(_common_prefix(self._read, ids), self.cache.used)
        self.cache.used = known
        self._read = ids
        if known == len(ids) - 1:
            read_rows(self.weights, self.cache, ids[-1], known)
            return
        for first in range(known, len(ids), ROWS_AT_ONCE):
            rows = ids[first : first + ROWS_AT_ONCE]
            positions = range(first, first + len(rows))
            read_rows(self.weights, self.cache, rows, positions, causal_mask(len(rows), first))

    def goes_on_by_one(self, ids: Sequence[int]) -> bool:
        """Whether just the last of these tokens has not been read."""
        seen = self._seen(ids)
        return min(_common_prefix(self._read, seen), self.cache.used) == len(seen) - 1

    def has_read(self, ids: Sequence[int]) -> None:
        """Notes what the cache holds after `read_side_by_side`."""
        self._read = self._seen(ids)

    def logits(self, slots: Sequence[int]) -> Floats:
        """Logits [B, V] after the tokens in B of the cache's slots."""
        states: Floats = self.cache.states[slots]
        logits: Floats = states @ self.weights.head.T
        check_finite(logits)
        return logits

    def _seen(self, ids: Sequence[int]) -> list[int]:
        return list(ids[first_seen(len(ids), self.weights.window) :])


def logits_side_by_side(engines: Sequence[Engine], contexts: Sequence[Sequence[int]]) -> Floats:
    """Logits [B, V] after B texts, each in an engine of its own, all of one model.

    The texts that go on by one token since their engine read them go through the model together.
    """
    rows = [
        (engine, context)
        for engine, context in zip(engines, contexts, strict=True)
        if isinstance(engine, CachedEngine) and engine.goes_on_by_one(context)
    ]
    if len(rows) > 1:
        weights = rows[0][0].weights
        assert all(engine.weights is weights for engine, _ in rows), "engines of one model"
        positions = []
        for engine, context in rows:
            positions.append(len(context) - 1 - first_seen(len(context), weights.window))
            engine.cache.used = positions[-1]
        read_side_by_side(
            weights, [engine.cache for engine, _ in rows], [c[-1] for _, c in rows], positions
        )
        for engine, context in rows:
            engine.has_read(context)
    return np.stack(
        [engine.logits_after(ids) for engine, ids in zip(engines, contexts, strict=True)]
    )


class Branches:
    """A context and its continuations. Those that the window cuts at one place share a tree."""

    def __init__(self, engine: CachedEngine, context: list[int]) -> None:
        self.engine, self._context = engine, context
        self.trees: dict[int, Tree] = {}

    def __call__(self, continuations: Sequence[tuple[int, ...]]) -> Floats:
        weights, length = self.engine.weights, len(self._context)
        by_start: dict[int, list[int]] = defaultdict(list)
        for row, tokens in enumerate(continuations):
            by_start[first_seen(length + len(tokens), weights.window)].append(row)
        logits: Floats = np.empty((len(continuations), len(weights.head)), np.float32)
        for start, rows in by_start.items():
            if start not in self.trees:
                self.trees[start] = Tree(self.engine.fork(), self._context[start:])
            cut = max(0, start - length)
            logits[rows] = self.trees[start].logits([continuations[row][cut:] for row in rows])
        return logits


class Tree:
    """Continuations of one context: each token of each has a row, which sees only its ancestors.

    The mask that says so is that of speculative decoding (Miao et al. 2023, "SpecInfer").
    """

    def __init__(self, engine: CachedEngine, context: list[int]) -> None:
        engine.read(context)
        self.engine, self.length = engine, len(context)
        self._slots: dict[tuple[int, ...], int] = {(): self.length - 1}

    def logits(self, continuations: Sequence[tuple[int, ...]]) -> Floats:
        cache = self.engine.cache
        new: list[tuple[int, ...]] = []
        for tokens in continuations:
            for depth in range(1, len(tokens) + 1):
                if (node := tokens[:depth]) not in self._slots:
                    self._slots[node] = cache.used + len(new)
                    new.append(node)
        if new:
            mask = np.full((len(new), cache.used + len(new)), -np.inf, np.float32)
            mask[:, : self.length] = 0
            for row, node in zip(mask, new, strict=True):
                row[[self._slots[node[:depth]] for depth in range(1, len(node) + 1)]] = 0
            positions = [self.length + len(node) - 1 for node in new]
            read_rows(self.engine.weights, cache, [node[-1] for node in new], positions, mask)
        return self.engine.logits([self._slots[tokens] for tokens in continuations])


def _common_prefix(a: list[int], b: list[int]) -> int:
    """How many tokens two contexts share from the start."""
    shorter = min(len(a), len(b))
    if a[:shorter] == b[:shorter]:  # far the most frequent: one goes on where the other ends
        return shorter
    return next(i for i in range(shorter) if a[i] != b[i])
