"""How the next token is drawn: the chain's choice, and a seed that repeats it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minigpt_tui.inference.sampler_chain import SamplerChain, is_whole

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Sampling(SamplerChain):
    """A chain with a seed; raises ValueError for a value that means nothing."""

    seed: int | None = None  # None: another draw every time

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.seed is not None and not (is_whole(self.seed) and 0 <= self.seed <= MAX_SEED):
            raise ValueError(f"seed must be a whole number from 0 to {MAX_SEED}, not {self.seed}.")

    def generator(self) -> np.random.Generator:
        """A source of draws of its own: torch's and numpy's belong to others."""
        return np.random.default_rng(self.seed)


def draw(
    logits: npt.ArrayLike,
    chain: SamplerChain,
    generator: np.random.Generator,
    seen: Collection[int] = (),
) -> int:
    """The id of one token, drawn from what the chain makes of logits [V] after the ids `seen`."""
    shares = chain.apply(logits, seen).probabilities.cumsum()
    shares /= shares[-1]  # exactly 1 at the end, which is more than any draw
    return int(np.searchsorted(shares, generator.random(), side="right"))
