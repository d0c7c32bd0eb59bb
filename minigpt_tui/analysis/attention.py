"""Where each head looks: its pattern, and scores for what kinds of heads there are."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch

from minigpt_tui.analysis.forward import Floats, Ids, one_window, recorded
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import SPECIALS

LONGEST_PERIOD = 48
SEQUENCES = 8
FEWEST_TOKENS = 4  # of a window in which two tokens can stand twice


def attention_patterns(model: LanguageModel, ids: Ids) -> Floats:
    """How much each query attends to each key: [L, H, T, T], rows sum to 1, causal."""
    seen, _ = recorded(model, one_window(ids), _is_pattern)
    return np.stack([pattern[0].double().cpu().numpy() for pattern in seen.values()])


def rollout(patterns: Floats) -> Floats:
    """Attention from each layer's output down to the tokens: [L, T, T] from patterns [L, H, T, T].

    A heuristic (Abnar & Zuidema 2020): heads are averaged, the residual connection counts as half,
    and the layers are multiplied, as if values and feed-forward parts only passed things on. It
    says where information may have come from, not that it did.
    """
    length = patterns.shape[-1]
    mixed = 0.5 * patterns.mean(axis=1) + 0.5 * np.eye(length)
    rows = [mixed[0]]
    for layer in mixed[1:]:
        rows.append(layer @ rows[-1])
    return np.stack(rows)


def pattern_entropy(patterns: Floats) -> Floats:
    """The mean entropy of the rows, bits: [...] from [..., T, T]; 0 looks at one place."""
    safe = np.where(patterns > 0, patterns, 1.0)
    entropy: Floats = -(patterns * np.log2(safe)).sum(-1).mean(-1)
    return entropy


def previous_token_score(patterns: Floats) -> Floats:
    """The mean attention to the position before: [...] from [..., T, T]; T is at least 2."""
    score: Floats = patterns.diagonal(-1, axis1=-2, axis2=-1).mean(-1)
    return score


def induction_score(patterns: Floats, period: int) -> Floats:
    """On tokens that repeat after `period` places: [...] from [..., T, T], T = 2 · period.

    The mean attention from each token of the second half to the one after its first occurrence
    (Olsson et al. 2022): a head that does so copies what followed before.
    """
    assert patterns.shape[-1] == 2 * period > 2
    toward = patterns.diagonal(1 - period, axis1=-2, axis2=-1)  # queries period − 1, period, …
    score: Floats = toward[..., 1:].mean(-1)
    return score


@dataclass(frozen=True, eq=False)
class HeadScores:
    """What the heads do with random tokens that stand twice; all of shape [L, H]."""

    previous_token: Floats  # 0 to 1
    induction: Floats  # 0 to 1
    entropy: Floats  # bits
    period: int  # tokens, all different, before they are repeated


def head_scores(model: LanguageModel, seed: int = 0, sequences: int = SEQUENCES) -> HeadScores:
    """Scores that do not depend on a prompt and so compare between checkpoints.

    The tokens are drawn with a generator of their own. Raises ValueError for a window that is too
    short or a vocabulary that is too small to repeat anything.
    """
    period = min(model.config.max_seq_len // 2, LONGEST_PERIOD, model.vocab_size - len(SPECIALS))
    if 2 * period < FEWEST_TOKENS:
        raise ValueError(
            "Heads can only be scored where two tokens can stand twice: this model's window is "
            f"{model.config.max_seq_len} tokens, its vocabulary {model.vocab_size}."
        )
    generator = torch.Generator().manual_seed(seed)
    choices = model.vocab_size - len(SPECIALS)
    once = torch.stack(
        [torch.randperm(choices, generator=generator)[:period] for _ in range(sequences)]
    )
    twice = (once + len(SPECIALS)).repeat(1, 2)  # [sequences, 2 · period]
    seen, _ = recorded(model, twice, _is_pattern)
    layers = [pattern.double().cpu().numpy() for pattern in seen.values()]  # L × [B, H, T, T]
    return HeadScores(
        previous_token=np.stack([previous_token_score(layer).mean(0) for layer in layers]),
        induction=np.stack([induction_score(layer, period).mean(0) for layer in layers]),
        entropy=np.stack([pattern_entropy(layer).mean(0) for layer in layers]),
        period=period,
    )


def highest_entropy(length: int) -> float:
    """The mean entropy of a head that looks everywhere alike in a window of T tokens, bits."""
    return sum(math.log2(n) for n in range(1, length + 1)) / length


def _is_pattern(name: str) -> bool:
    return name.endswith("attn.hook_pattern")
