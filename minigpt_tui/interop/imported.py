"""A model from another program, in the shape in which every model is kept here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict, to_dict
from minigpt_tui.inference.service import model_in
from minigpt_tui.interop.foreign_vocabulary import with_special_tokens, with_unknown_row
from minigpt_tui.interop.sample_text import most_windows
from minigpt_tui.interop.vocabulary_file import Vocabulary
from minigpt_tui.runs.checkpoint import Checkpoint
from minigpt_tui.settings import with_settings
from minigpt_tui.text.tokenizers import SPECIALS

if TYPE_CHECKING:
    from torch import Tensor

SPECIAL_NATS = 20.0
"""How far below all others together the logits of added special tokens lie: e⁻²⁰ is 2 · 10⁻⁹."""


@dataclass(frozen=True)
class Imported:
    """A checkpoint without a training state, what it came from, and what is to be said of it."""

    checkpoint: Checkpoint
    source: str
    notes: tuple[str, ...] = ()


def as_checkpoint(
    weights: dict[str, Tensor],
    config: RunConfig,
    vocab_size: int,
    vocabulary: Vocabulary,
    metrics: dict[str, float],
) -> tuple[Checkpoint, list[str]]:
    """Weights under our names, with their vocabulary in our order; and notes on what was changed.

    `vocab_size` counts the rows of `weights`. Raises ValueError, in words that go on from the
    file's name, where the vocabulary does not fit the weights.
    """
    tokenizer, rows = vocabulary.tokenizer, vocabulary.rows
    if rows is None:
        if tokenizer.vocab_size != vocab_size:
            raise ValueError(
                f"has {vocab_size:,} tokens, but its vocabulary {tokenizer.vocab_size:,}"
            )
        return _checkpoint(weights, config, tokenizer.to_json(), vocab_size, metrics), []
    if max(rows, default=vocab_size) >= vocab_size:
        raise ValueError(
            f"has {vocab_size:,} tokens, but its vocabulary numbers them up to {max(rows):,}"
        )
    before = _checkpoint(weights, config, "", vocab_size, metrics)
    if config.model.layout == "gpt2":
        untied = with_settings(config, {"head": "untied"})
        lowest = _log_sum(before, config, vocabulary)
        widened = with_special_tokens(
            weights, rows, opening=vocabulary.opening, special_logit=lowest - SPECIAL_NATS
        )
        note = (
            "Its vocabulary has no <UNK> and <EOT>, which every vocabulary here begins with: they "
            f"were added, with a probability of about {math.exp(-SPECIAL_NATS):.0e} each. All "
            "others keep theirs."
        )
    else:
        untied = config
        if vocabulary.opening is None or vocabulary.opening >= vocab_size:
            raise ValueError(
                "has a vocabulary without <UNK> and <EOT>, and no token like <|endoftext|> that "
                "could be <EOT>. Only a model of the layout gpt2 can get one"
            )
        widened = with_unknown_row(weights, rows, opening=vocabulary.opening)
        # 1 / (1 + Σ exp(logit)), which no logit is too large for.
        share = math.exp(-np.logaddexp(0.0, _log_sum(before, config, vocabulary)))
        note = (
            "Its vocabulary has no <UNK>, with which every vocabulary here begins: it was added "
            f"with a logit of 0 after every text, which takes up to {share:.2g} of the probability "
            "until training lowers it. All others keep their logits; what ends a text there is "
            "<EOT> here."
        )
    size = len(SPECIALS) + len(rows)
    assert size == tokenizer.vocab_size
    opening = () if vocabulary.opening is None else (vocabulary.opening,)
    left = vocab_size - len({*rows, *opening})
    notes = [note]
    if left:
        notes.append(f"{left:,} rows of its vocabulary stand for no text and were left out.")
    return _checkpoint(widened, untied, tokenizer.to_json(), size, metrics), notes


def windows(checkpoint: Checkpoint, text_ids: list[int]) -> Tensor:
    """Windows [B, T] of ids for trying a model: of a text, or random where there is none."""
    import torch

    length = from_dict(checkpoint.config).model.max_seq_len
    most = most_windows(length, checkpoint.vocab_size)
    count = min(most, len(text_ids) // length)
    if count:
        return torch.tensor(text_ids[: count * length]).view(count, length)
    generator = torch.Generator().manual_seed(0)
    return torch.randint(checkpoint.vocab_size, (most, length), generator=generator)


def _log_sum(checkpoint: Checkpoint, config: RunConfig, vocabulary: Vocabulary) -> float:
    """The least ln Σ exp(logit) over some windows: what a logit is to be compared with.

    Raises ValueError, in words that go on from the file's name, where one is not finite.
    """
    import torch

    assert vocabulary.rows is not None
    ids = vocabulary.tokenizer.encode(vocabulary.sample).tolist()
    known = [vocabulary.rows[i - len(SPECIALS)] for i in ids if i >= len(SPECIALS)]
    model = model_in(checkpoint, config).eval()
    with torch.inference_mode():
        sums = model(windows(checkpoint, known)).logsumexp(-1)
    if not bool(torch.isfinite(sums).all()):
        raise ValueError("has weights with which its logits are not finite")
    return float(sums.min())


def _checkpoint(
    weights: dict[str, Tensor],
    config: RunConfig,
    tokenizer_json: str,
    vocab_size: int,
    metrics: dict[str, float],
) -> Checkpoint:
    return Checkpoint(weights, tokenizer_json, to_dict(config), dict(metrics), vocab_size)
