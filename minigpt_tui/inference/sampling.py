"""How the next token is drawn: pure functions from logits to the distribution and to a token.

The stages follow llama.cpp's order: <UNK> is removed, then top-k, top-p, min-p, and temperature
last, so that the cuts judge the model's own probabilities. A cut token has the logit −∞.

Shapes: logits [V], one for each token of the vocabulary.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from minigpt_tui.text.tokenizers import UNK_ID

MAX_SEED = 2**63 - 1


@dataclass(frozen=True)
class Sampling:
    """How to draw; raises ValueError for a value that means nothing. None switches a cut off."""

    temperature: float = 1.0  # 0 takes the most probable token
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    seed: int | None = None  # None: another draw every time

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature >= 0):
            raise ValueError(
                f"temperature must be 0 (the most probable token) or more, not {self.temperature}."
            )
        if self.top_k is not None and not (_is_whole(self.top_k) and self.top_k >= 1):
            raise ValueError(f"top_k must be a whole number from 1 up, not {self.top_k}.")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be above 0 and at most 1, not {self.top_p}.")
        if self.min_p is not None and not 0 <= self.min_p <= 1:
            raise ValueError(f"min_p must be from 0 to 1, not {self.min_p}.")
        if self.seed is not None and not (_is_whole(self.seed) and 0 <= self.seed <= MAX_SEED):
            raise ValueError(f"seed must be a whole number from 0 to {MAX_SEED}, not {self.seed}.")

    def generator(self) -> torch.Generator:
        """A source of draws of its own: torch's default generator belongs to the training."""
        generator = torch.Generator()
        if self.seed is None:
            generator.seed()  # from the system's entropy
        else:
            generator.manual_seed(self.seed)
        return generator


def draw(logits: Tensor, sampling: Sampling, generator: torch.Generator) -> int:
    """The id of one token, drawn from `distribution`."""
    probabilities = distribution(logits, sampling)
    return int(torch.multinomial(probabilities, 1, generator=generator))


def distribution(logits: Tensor, sampling: Sampling) -> Tensor:
    """The probabilities [V] (float64, on the CPU) that the sampler draws from."""
    logits = without_unknown(logits.detach().double().cpu())
    if sampling.top_k is not None:
        logits = keep_top_k(logits, sampling.top_k)
    if sampling.top_p is not None:
        logits = keep_top_p(logits, sampling.top_p)
    if sampling.min_p is not None:
        logits = keep_min_p(logits, sampling.min_p)
    return torch.softmax(with_temperature(logits, sampling.temperature), dim=-1)


def without_unknown(logits: Tensor) -> Tensor:
    """<UNK> stands for any text that was not in the vocabulary: there is nothing to write."""
    kept = logits.clone()
    kept[UNK_ID] = -math.inf
    return kept


def keep_top_k(logits: Tensor, k: int) -> Tensor:
    """The k largest; of equals the lower ids."""
    order = torch.argsort(logits, descending=True, stable=True)
    return logits.index_fill(0, order[k:], -math.inf)


def keep_top_p(logits: Tensor, p: float) -> Tensor:
    """The smallest set, filled from the most probable down, whose mass is at least p.

    Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration".
    """
    if p >= 1:  # rounding in the sum must not cut the rarest
        return logits
    order = torch.argsort(logits, descending=True, stable=True)
    probabilities = torch.softmax(logits, dim=-1)[order]
    mass_before = probabilities.cumsum(0) - probabilities
    # The most probable always stays: for tiny p, rounding could put its mass_before at p.
    cut = (mass_before >= p).index_fill(0, torch.tensor([0]), False)
    return logits.index_fill(0, order[cut], -math.inf)


def keep_min_p(logits: Tensor, min_p: float) -> Tensor:
    """Every token at least min_p times as probable as the most probable (Nguyen et al. 2024)."""
    if min_p <= 0:
        return logits
    return logits.masked_fill(logits < logits.max() + math.log(min_p), -math.inf)


def with_temperature(logits: Tensor, temperature: float) -> Tensor:
    """Logits divided by the temperature; at 0 only the largest stays, of equals the lowest id."""
    if temperature == 0:
        return keep_top_k(logits, 1)
    # Shifted first, so that a tiny temperature sends the others to −∞ and none to +∞.
    return (logits - logits.max()) / temperature


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
