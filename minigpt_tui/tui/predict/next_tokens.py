"""The next tokens as a sampler sees them: computed from the logits of an answer, no model asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from minigpt_tui.tui.predict.asking import Answer
from minigpt_tui.tui.predict.samplers import Sampler

if TYPE_CHECKING:
    from minigpt_tui.inference.service import TokenPrediction

EOT_ID = 1  # as in text.tokenizers, which loads numpy
STAGES = {
    "unknown": "never sampled",
    "given": "after a space",
    "top_k": "top-k",
    "top_p": "top-p",
    "min_p": "min-p",
    "typical_p": "typical",
    "temperature": "greedy",
}
"""Why a token cannot be drawn, by the stage that cut it."""


@dataclass(frozen=True)
class NextToken:
    """A token that may come next, with the probability that it is drawn with."""

    token: TokenPrediction
    final: float
    cut_by: str
    """The stage that cut it, in a word; empty: it may be drawn."""


@dataclass(frozen=True)
class NextTokens:
    """The listed tokens, and what the sampler makes of them all."""

    listed: tuple[NextToken, ...]
    changed: bool
    """Whether the sampler does more than leave out <UNK>."""
    possible: int
    """How many tokens may be drawn."""
    entropy: float
    """Of the model's own distribution, in bits."""


def next_tokens(answer: Answer, sampler: Sampler) -> NextTokens:
    """What a sampler makes of an answer."""
    import numpy as np

    from minigpt_tui.inference.sampler_chain import softmax

    chain = sampler.sampling()
    choice = chain.apply(answer.logits, set(answer.context.ids) - {EOT_ID})
    raw = softmax(answer.logits)
    raw = raw[raw > 0]
    listed = []
    for token in answer.tokens:
        stage = choice.cut_by(token.id)
        cut_by = "" if stage is None else STAGES[stage]
        listed.append(NextToken(token, float(choice.probabilities[token.id]), cut_by))
    return NextTokens(
        listed=tuple(listed),
        changed=len(choice.steps) > 2,  # the first two: as given, and without <UNK>
        possible=int(np.count_nonzero(choice.steps[-1][1] > -np.inf)),
        entropy=float(-(raw * np.log2(raw)).sum()) + 0.0,
    )
