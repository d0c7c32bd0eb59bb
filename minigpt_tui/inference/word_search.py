"""The most probable next whole words: a best-first search over the tokens that could follow.

A branch is a continuation of the prompt with its probability, its mass. The most probable open
branches go through the model together; each token that may follow then either settles part of the
branch's mass (the word has ended, the prompt's last word goes on, the text ends, …) or opens a
longer branch. A word's probability is the total over all the ways that were found to it, and mass
that is still open is reported, so that everything always adds up to 1.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from minigpt_tui.inference.spelling import Opening, Phase, Spellings, advance, phase_after

NextLogits = Callable[[Sequence[tuple[int, ...]]], npt.NDArray[np.float32]]
"""Continuations of the prompt, in tokens → logits [B, V] for the token after each.

Those of one batch and of later ones share the prompt, and mostly all but their last token.
"""

# The openings of a token that leave the meaning of a branch open, by the branch's phase; the rest
# is settled at once. Inside a character every token leaves it open.
OPENS_LONGER = (
    [Opening.OTHER, Opening.PARTIAL],  # IN_PROMPT_WORD
    [Opening.WORD, Opening.OTHER, Opening.PARTIAL],  # BETWEEN_WORDS
    [Opening.WORD, Opening.PARTIAL],  # IN_WORD
    [Opening.WORD, Opening.OTHER, Opening.PARTIAL],  # inside a character
)
INSIDE_CHARACTER = 3


@dataclass(frozen=True)
class WordPrediction:
    """A word and its probability to be the next one (a lower bound until nothing is unexplored)."""

    word: str
    prob: float


@dataclass(frozen=True)
class WordPredictions:
    """Where the probability of all continuations goes; the masses and the words add up to 1."""

    words: tuple[WordPrediction, ...]  # the most probable first
    other_words_mass: float  # words that were found but are not listed
    word_continuation_mass: float  # the prompt's last word goes on
    end_mass: float  # the text ends before another word
    unknown_mass: float  # <UNK> comes before the word has ended
    unexplored_mass: float  # not decided yet: no listed word can gain more than this


def search_words(
    next_logits: NextLogits,
    spellings: Spellings,
    prompt: str,
    *,
    top_k: int = 10,
    tolerance: float = 0.01,
    max_passes: int = 64,
    batch_size: int = 32,
    max_word_tokens: int = 40,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[WordPredictions]:
    """Better and better predictions of the word after `prompt`, one after each forward pass.

    The first result, before any pass, is all unexplored. The search ends when the unexplored mass
    is below `tolerance`, when no open branch has more than that share of the probability of the
    least of `top_k` words, after `max_passes` of `batch_size` branches, or when `should_stop()`
    says so. Branches longer than `max_word_tokens` stay unexplored. Raises ValueError for a bound
    that means nothing.
    """
    for name, value in (
        ("top_k", top_k),
        ("max_passes", max_passes),
        ("batch_size", batch_size),
        ("max_word_tokens", max_word_tokens),
    ):
        if value < 1:
            raise ValueError(f"{name} must be 1 or more, not {value}.")
    if not 0 <= tolerance <= 1:
        raise ValueError(f"tolerance must be from 0 to 1, not {tolerance}.")

    def search() -> Iterator[WordPredictions]:
        frontier = _Frontier(spellings, max_branches=max_passes * batch_size)
        batch = [_Branch((), 1.0, phase_after(prompt), "", b"")]
        yield frontier.predictions(top_k)
        for _ in range(max_passes):
            if should_stop is not None and should_stop():
                return
            logits = next_logits([branch.tokens for branch in batch])
            frontier.expand(batch, torch.from_numpy(logits))
            batch = frontier.most_probable(batch_size, max_word_tokens)
            predictions = frontier.predictions(top_k)
            yield predictions
            listed = predictions.words
            least = listed[-1].prob if len(listed) == top_k else 0.0
            if (
                not batch
                or predictions.unexplored_mass < tolerance
                or batch[0].mass < tolerance * least
            ):
                return

    return search()


class _Branch(NamedTuple):
    """A continuation of the prompt, up to where its meaning is still open."""

    tokens: tuple[int, ...]
    mass: float
    phase: Phase
    word: str
    pending: bytes  # of an unfinished character


class _Children(NamedTuple):
    """What may follow an expanded branch, the most probable first; taken one by one."""

    parent: _Branch
    masses: Sequence[float]
    tokens: Sequence[int]


class _Frontier:
    """The open branches and the mass that is settled."""

    def __init__(self, spellings: Spellings, max_branches: int) -> None:
        self.spellings = spellings
        self.max_branches = max_branches
        self.words: dict[str, float] = {}
        self.word_mass = 0.0
        self.continuation_mass = 0.0
        self.end_mass = 0.0
        self.unknown_mass = 0.0
        # (−mass of the next child, serial number, index of that child, children): one entry for
        # each expanded branch, so that a child costs nothing until it is the most probable.
        self.heap: list[tuple[float, int, int, _Children]] = []
        self.expanded = 0
        self.explored = torch.stack([spellings.openings[:, kept].sum(1) for kept in OPENS_LONGER])

    def expand(self, batch: Sequence[_Branch], logits: Tensor) -> None:
        """Settles or opens everything that may follow each branch; logits [B, V]."""
        masses = torch.softmax(logits.double(), dim=-1)
        masses *= torch.tensor([[branch.mass] for branch in batch], dtype=torch.float64)
        by_opening = (masses @ self.spellings.openings).tolist()
        for branch, row in zip(batch, by_opening, strict=True):
            self._settle_openings(branch, row)
        masses *= self.explored[
            [INSIDE_CHARACTER if branch.pending else branch.phase for branch in batch]
        ]
        # Of no branch more children are wanted than branches are left to expand.
        kept = min(masses.shape[1], max(1, self.max_branches - self.expanded))
        best, tokens = masses.topk(kept, dim=-1)
        for branch, row, row_tokens in zip(batch, best.numpy(), tokens.numpy(), strict=True):
            self.expanded += 1
            self._offer(self.expanded, 0, _Children(branch, row, row_tokens))

    def _settle_openings(self, branch: _Branch, mass: list[float]) -> None:
        """Settles what the first character of the next token decides, for all tokens at once."""
        self.unknown_mass += mass[Opening.UNKNOWN]
        if branch.phase is Phase.IN_WORD:
            self._add_word(branch.word, mass[Opening.END])
            if not branch.pending:
                self._add_word(branch.word, mass[Opening.OTHER])
        else:
            self.end_mass += mass[Opening.END]
            if branch.phase is Phase.IN_PROMPT_WORD and not branch.pending:
                self.continuation_mass += mass[Opening.WORD]

    def most_probable(self, count: int, max_tokens: int) -> list[_Branch]:
        """The next branches, largest first; children that turn out to be decided are settled."""
        found: list[_Branch] = []
        while self.heap and len(found) < count:
            _, serial, index, children = heapq.heappop(self.heap)
            self._offer(serial, index + 1, children)
            parent, mass = children.parent, float(children.masses[index])
            token = int(children.tokens[index])
            data = parent.pending + self.spellings.token_bytes[token]
            phase, word, pending = advance(parent.phase, parent.word, data)
            if phase is Phase.COMPLETE:
                self._add_word(word, mass)
            elif phase is Phase.CONTINUED:
                self.continuation_mass += mass
            elif len(parent.tokens) < max_tokens:
                found.append(_Branch((*parent.tokens, token), mass, phase, word, pending))
        return found

    def predictions(self, top_k: int) -> WordPredictions:
        best = heapq.nsmallest(top_k, self.words.items(), key=lambda item: (-item[1], item[0]))
        settled = self.word_mass + self.continuation_mass + self.end_mass + self.unknown_mass
        return WordPredictions(
            words=tuple(WordPrediction(word, mass) for word, mass in best),
            other_words_mass=max(0.0, self.word_mass - sum(mass for _, mass in best)),
            word_continuation_mass=self.continuation_mass,
            end_mass=self.end_mass,
            unknown_mass=self.unknown_mass,
            unexplored_mass=max(0.0, 1.0 - settled),
        )

    def _offer(self, serial: int, index: int, children: _Children) -> None:
        if index < len(children.masses) and children.masses[index] > 0:
            heapq.heappush(self.heap, (-float(children.masses[index]), serial, index, children))

    def _add_word(self, word: str, mass: float) -> None:
        if mass > 0:
            self.words[word] = self.words.get(word, 0.0) + mass
            self.word_mass += mass
