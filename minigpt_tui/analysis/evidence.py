"""What the training text itself says: what follows a context there, and what was copied from it.

The continuations of the longest matching context are those of an ∞-gram (Liu et al. 2024,
"Infini-gram").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from minigpt_tui.analysis.suffix_array import DEPTH, SuffixArray
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.progress import OnProgress
from minigpt_tui.text.tokenizers import UNK_ID

MOST_TOKENS = 20_000_000
"""Indexed in some twelve seconds and 1.5 GB; of a longer text, so much of its beginning."""
HELD_OUT_EXCERPTS = 20
_NOWHERE = 2**32 - 1  # no token's id: an unknown hides its text, so it matches nothing

TokenIds = npt.NDArray[np.integer[Any]]
Counts = npt.NDArray[np.int64]


class TrainingText:
    """The ids of a training text, ready to be searched."""

    def __init__(
        self,
        ids: TokenIds,
        most_tokens: int = MOST_TOKENS,
        should_stop: ShouldStop = None,
        on_progress: OnProgress = None,
    ) -> None:
        """Indexes the first `most_tokens`; `on_progress` is told the share that is sorted.

        Raises CancelledError when `should_stop()` says so.
        """
        self.tokens = len(ids)
        self.ids = np.asarray(ids[:most_tokens])
        self.index = SuffixArray(self.ids, should_stop, on_progress)

    @property
    def searched(self) -> int:
        """How many of the `tokens` are indexed; where fewer, what is said holds for that part."""
        return len(self.ids)


@dataclass(frozen=True, eq=False)
class Continuations:
    """What follows a context in the training text, by the longest end of it that stands there."""

    matched: int  # tokens of the context's end; 0: none, and what follows are all tokens
    ids: Counts  # [K] the tokens that follow, the most frequent first
    counts: Counts  # [K] how often each does
    searched: int  # tokens of the training text that were searched
    tokens: int  # that it has

    @property
    def occurrences(self) -> int:
        """How often the matched context stands there with something after it."""
        return int(self.counts.sum())


def continuations(text: TrainingText, context: Sequence[int]) -> Continuations:
    """The tokens after the longest end of `context` (at most DEPTH tokens) that has any."""
    known = _searchable(context[-DEPTH:])
    # If an end of m tokens occurs with something after it, every shorter one does.
    matched, too_long = 0, len(known) + 1
    while too_long - matched > 1:
        middle = (matched + too_long) // 2
        if len(_following(text, known[len(known) - middle :])):
            matched = middle
        else:
            too_long = middle
    following = _following(text, known[len(known) - matched :])
    ids, counts = np.unique(following, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return Continuations(
        matched=matched,
        ids=ids[order].astype(np.int64),
        counts=counts[order].astype(np.int64),
        searched=text.searched,
        tokens=text.tokens,
    )


def _following(text: TrainingText, phrase: Sequence[int]) -> TokenIds:
    if not phrase:
        return text.ids
    after = text.index.occurrences(phrase).astype(np.int64) + len(phrase)
    return text.ids[after[after < len(text.ids)]]


@dataclass(frozen=True)
class Span:
    """Tokens of a text that stand in the training text in the same order."""

    start: int  # in the examined text, tokens
    length: int  # tokens
    place: int  # of one occurrence in the training text, tokens from its beginning


def verbatim_spans(text: TrainingText, ids: Sequence[int], shortest: int = 1) -> list[Span]:
    """The spans of at least `shortest` tokens that no longer one contains; they may overlap."""
    wanted = _searchable(ids)
    spans: list[Span] = []
    reached = 0  # where the longest match from an earlier start ends
    for start in range(len(wanted)):
        match = text.index.longest(wanted[start:])
        if match.length >= max(1, shortest) and start + match.length > reached:
            spans.append(Span(start, match.length, match.place))
        reached = max(reached, start + match.length)
    return spans


def held_out_lengths(
    text: TrainingText,
    held_out: TokenIds,
    length: int,
    excerpts: int = HELD_OUT_EXCERPTS,
    should_stop: ShouldStop = None,
) -> Counts:
    """The longest verbatim span, in tokens, of excerpts of held-out text: [at most `excerpts`].

    Each has `length` tokens (or all there are), spread evenly. Text that the model never saw
    shares phrases of this length with the training text: copying begins beyond it. Raises
    CancelledError when `should_stop()` says so.
    """
    length = min(length, len(held_out))
    starts = np.unique(np.linspace(0, len(held_out) - length, excerpts).astype(np.int64))
    longest = []
    for start in starts.tolist():
        check_cancelled(should_stop)
        excerpt = held_out[start : start + length].tolist()
        spans = verbatim_spans(text, excerpt)
        longest.append(max((span.length for span in spans), default=0))
    return np.array(longest, dtype=np.int64)


def _searchable(ids: Sequence[int]) -> list[int]:
    return [_NOWHERE if i == UNK_ID else int(i) for i in ids]
