"""The tokens that occur most and least often in a text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt_tui.text.tokenizers import Tokenizer
    from minigpt_tui.tui.corpus.text_measure import Counts

LISTED_TOKENS = 24
"""Of the most and of the least frequent tokens."""


@dataclass(frozen=True)
class TokenCount:
    id: int
    text: str
    count: int


@dataclass(frozen=True)
class FrequentTokens:
    """The tokens that occur most and least often in what was counted."""

    counted: int
    distinct: int
    most: tuple[TokenCount, ...]
    least: tuple[TokenCount, ...]


def frequent_tokens(counts: Counts, tokenizer: Tokenizer) -> FrequentTokens:
    """The most and the least frequent of the tokens that occur; of equal ones the lower id first.

    `counts` is [vocab_size].
    """
    import numpy as np

    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]

    def listed(ids: Sequence[int]) -> tuple[TokenCount, ...]:
        return tuple(TokenCount(i, tokenizer.token_text(i), int(counts[i])) for i in ids)

    most = order[:LISTED_TOKENS].tolist()
    least = order[max(len(most), len(order) - LISTED_TOKENS) :].tolist()
    return FrequentTokens(int(counts.sum()), len(order), listed(most), listed(least[::-1]))
