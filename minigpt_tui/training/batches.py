"""Which tokens a step trains on: a pure function of (seed, step), so that a resume is exact.

An epoch trains on each of the N - 1 targets of a text of N tokens exactly once. It draws an offset,
lays windows of T targets side by side from there (the first and last may be shorter), draws an
order, and deals the windows out evenly to its steps. Every epoch has the same number of steps.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.planning.steps import steps_per_epoch, windows_per_epoch

IGNORED_TARGET = -100
"""Target id of a padded place; torch's cross-entropy leaves it out of the mean."""


def seed_for(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed for one purpose, the same in every process (unlike Python's `hash`)."""
    text = "/".join(map(str, (seed, *purpose)))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


@dataclass(frozen=True)
class Batch:
    """Inputs and shifted targets of one step, int64 [windows, T]; padding targets are ignored."""

    inputs: NDArray[np.int64]
    targets: NDArray[np.int64]
    n_targets: int


class BatchSource:
    """Deals the windows of a token array out to steps."""

    def __init__(
        self, ids: NDArray[np.unsignedinteger], max_seq_len: int, batch_size: int, seed: int
    ) -> None:
        assert len(ids) >= 2, "the job refuses texts without a single target"
        self.ids = ids
        self.n_targets = len(ids) - 1
        self.max_seq_len = min(max_seq_len, self.n_targets)
        self.seed = seed
        self.windows = windows_per_epoch(self.n_targets, self.max_seq_len)
        self.steps_per_epoch = steps_per_epoch(self.n_targets, self.max_seq_len, batch_size)
        self._epoch_windows = lru_cache(maxsize=2)(self._draw_epoch)

    def batch(self, step: int) -> Batch:
        """The batch of optimizer step `step` (from 0)."""
        epoch, part = divmod(step, self.steps_per_epoch)
        starts, ends = self._epoch_windows(epoch)
        first = part * self.windows // self.steps_per_epoch
        last = (part + 1) * self.windows // self.steps_per_epoch
        starts, ends = starts[first:last], ends[first:last]
        places = starts[:, None] + np.arange(self.max_seq_len)
        padded = places >= ends[:, None]
        places[padded] = 0
        targets = self.ids[places + 1].astype(np.int64)
        targets[padded] = IGNORED_TARGET
        return Batch(
            inputs=self.ids[places].astype(np.int64),
            targets=targets,
            n_targets=int((ends - starts).sum()),
        )

    def _draw_epoch(self, epoch: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """First and one-past-last target position of the epoch's windows, in its order."""
        random = np.random.Generator(np.random.PCG64(seed_for(self.seed, "epoch", epoch)))
        offset = int(random.integers(1, self.max_seq_len, endpoint=True))
        inner = np.arange(offset, self.n_targets, self.max_seq_len, dtype=np.int64)
        edges = np.concatenate(([0], inner, [self.n_targets]))
        if len(edges) - 1 < self.windows:
            # Some offsets give one window fewer: cut the longest in two, so that epochs are alike.
            longest = int(np.argmax(np.diff(edges)))
            edges = np.insert(edges, longest + 1, (edges[longest] + edges[longest + 1]) // 2)
        assert len(edges) - 1 == self.windows
        order = random.permutation(self.windows)
        return edges[:-1][order], edges[1:][order]
