"""Two models and one text: how far their predictions lie apart, and where each is less surprised.

With one vocabulary the distributions are compared token by token. With two there is no divergence,
but both models give the text a probability: their surprisal is added up over the pieces of the text
at whose ends both have a token's end.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from minigpt_tui.analysis.forward import Floats
from minigpt_tui.analysis.text_surprisal import text_surprisal
from minigpt_tui.inference.service import GPTService
from minigpt_tui.text.cancel import ShouldStop
from minigpt_tui.text.tokenizers import UNK_ID, Tokenizer
from minigpt_tui.text.vocabulary import Span


@dataclass(frozen=True)
class Divergence:
    """Kullback–Leibler divergences of two distributions, in bits; 0 where they are equal."""

    forward: float  # Σ p log2 (p / q): what it costs to believe the second where the first holds
    backward: float  # Σ q log2 (q / p)


def divergence(p_logits: npt.ArrayLike, q_logits: npt.ArrayLike) -> Divergence:
    """The divergences of two distributions over one vocabulary, from finite logits [V] of each."""
    log_p, log_q = _log_softmax(p_logits), _log_softmax(q_logits)
    assert log_p.shape == log_q.shape, "divergence needs one vocabulary"
    apart = log_p - log_q
    return Divergence(
        forward=max(0.0, float(np.exp(log_p) @ apart)) / math.log(2),
        backward=max(0.0, float(-np.exp(log_q) @ apart)) / math.log(2),
    )


def same_vocabulary(a: Tokenizer, b: Tokenizer) -> bool:
    """Whether two tokenizers give every text the same ids."""
    return a is b or (
        a.level == b.level and a.vocab_size == b.vocab_size and a.to_json() == b.to_json()
    )


@dataclass(frozen=True, eq=False)
class TextComparison:
    """S pieces of a text, which join to it; arrays are [S]."""

    pieces: tuple[str, ...]
    first_bits: Floats  # surprisal of the piece by the first model
    second_bits: Floats  # and by the second
    unknown: npt.NDArray[np.bool_]  # whether either reads a part as <UNK>: no fair comparison

    @property
    def difference(self) -> Floats:
        """Bits [S] by which the second model is more surprised; below 0 it is less."""
        return self.second_bits - self.first_bits

    @property
    def characters(self) -> int:
        """Of the pieces that both models know."""
        known = zip(self.pieces, self.unknown.tolist(), strict=True)
        return sum(len(piece) for piece, unknown in known if not unknown)

    @property
    def mean_difference(self) -> float:
        """Bits a character, over the pieces that both know; 0 where there are none."""
        return float(self.difference[~self.unknown].sum()) / max(1, self.characters)


def compare_text(
    first: GPTService, second: GPTService, text: str, should_stop: ShouldStop = None
) -> TextComparison:
    """What two models make of a text. Raises CancelledError when `should_stop()` says so."""
    scored = []
    for service in (first, second):
        spans = service.tokenizer.spans(text)
        ids = [token for _, _, token in spans]
        scored.append((spans, text_surprisal(service.model, ids, 0, should_stop).bits))
    (first_spans, first_bits), (second_spans, second_bits) = scored
    ends = common_ends(first_spans, second_spans)
    unknown = np.zeros(len(ends), dtype=np.bool_)
    for spans in (first_spans, second_spans):
        found = [end for _, end, token in spans if token == UNK_ID]
        unknown[np.searchsorted(ends, found)] = True
    borders = [0, *ends]
    return TextComparison(
        pieces=tuple(text[a:b] for a, b in itertools.pairwise(borders)),
        first_bits=_sums(first_spans, first_bits, ends),
        second_bits=_sums(second_spans, second_bits, ends),
        unknown=unknown,
    )


def common_ends(a: Sequence[Span], b: Sequence[Span]) -> list[int]:
    """Where tokens of both kinds end, rising, in characters."""
    return sorted({end for _, end, _ in a} & {end for _, end, _ in b} - {0})


def _sums(spans: Sequence[Span], bits: Floats, ends: Sequence[int]) -> Floats:
    """The bits of the tokens of each piece. What spells a part of a character has its end."""
    places = np.searchsorted(ends, [max(end, 1) for _, end, _ in spans])
    return np.bincount(places, weights=bits, minlength=len(ends)).astype(np.float64)


def _log_softmax(logits: npt.ArrayLike) -> Floats:
    values = np.asarray(logits, dtype=np.float64)
    shifted = values - values.max()
    result: Floats = shifted - math.log(np.exp(shifted).sum())
    return result
