"""A sorted index of every place in a token sequence, in which any phrase is found at once.

The places are sorted by the tokens that follow them: by prefix doubling (Manber & Myers 1993) in
numpy, where each round sorts only the places that are still tied (Larsson & Sadakane 2007). Places
that go on alike for more than DEPTH tokens keep the order of the text, so that no text takes more
than a few rounds.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.progress import OnProgress

DEPTH = 256
_TOKENS_IN_A_KEY = 2
_TOKEN_BYTES = 4

Places = npt.NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class Match:
    """The longest beginning of a phrase that stands in the text, and where."""

    length: int  # tokens; 0 if not even the first stands there
    place: int  # of one occurrence, in tokens from the beginning


class SuffixArray:
    """Finds phrases of token ids in a text of N of them."""

    def __init__(
        self,
        ids: npt.NDArray[np.integer[Any]],
        should_stop: ShouldStop = None,
        on_progress: OnProgress = None,
    ) -> None:
        """Sorts the places. Raises CancelledError when `should_stop()` says so."""
        self.places = sorted_places(ids, should_stop, on_progress)
        # Big-endian bytes compare as the ids do, many at once.
        self._text = ids.astype(">u4").tobytes()

    def __len__(self) -> int:
        return len(self.places)

    def occurrences(self, phrase: Sequence[int]) -> Places:
        """Every place where a phrase of 1 to DEPTH tokens begins, in no particular order."""
        assert 0 < len(phrase) <= DEPTH
        wanted = _as_bytes(phrase)

        def beginning(place: int) -> bytes:
            return self._bytes_at(place, len(phrase))

        first = bisect_left(self.places, wanted, key=beginning)
        after = bisect_right(self.places, wanted, lo=first, key=beginning)
        return self.places[first:after]

    def longest(self, phrase: Sequence[int]) -> Match:
        """The longest beginning of `phrase` that occurs anywhere.

        Beyond DEPTH tokens it is followed at one of the occurrences only.
        """
        wanted = _as_bytes(phrase)
        head = wanted[: DEPTH * _TOKEN_BYTES]
        # What shares most with the phrase stands next to where it would be inserted.
        at = bisect_left(self.places, head, key=lambda place: self._bytes_at(place, DEPTH))
        best = Match(0, 0)
        for place in self.places[max(0, at - 1) : at + 1].tolist():
            length = _common_tokens(wanted, self._bytes_at(place, len(phrase)))
            if length > best.length:
                best = Match(length, place)
        return best

    def _bytes_at(self, place: int, length: int) -> bytes:
        start = int(place) * _TOKEN_BYTES
        return self._text[start : start + length * _TOKEN_BYTES]


def sorted_places(
    ids: npt.NDArray[np.integer[Any]],
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> Places:
    """The places 0 … N − 1 sorted by the up to DEPTH tokens that follow them, ties by place.

    The end of the text comes before every token. `on_progress` is told the share of the places
    that have found their slot, round by round.
    """
    n = len(ids)
    if n == 0:
        return np.zeros(0, dtype=np.int32)
    # Two tokens make the first key; 0 stands for the end.
    key = (ids.astype(np.int64) + 1) << 32
    key[:-1] |= ids[1:].astype(np.int64) + 1
    places = np.argsort(key, kind="stable").astype(np.int32)
    ranks = np.empty(n, dtype=np.int32)  # of each place: where its group of ties begins
    slots = np.arange(n, dtype=np.int32)  # of the array that still hold ties
    slots = _rank(places, key[places], slots, ranks, places)
    depth = _TOKENS_IN_A_KEY
    while len(slots) and depth < DEPTH:
        check_cancelled(should_stop)
        if on_progress is not None:
            on_progress(1 - len(slots) / n)
        tied = places[slots]
        follows = np.full(len(tied), -1, dtype=np.int64)
        inside = tied < n - depth
        follows[inside] = ranks[tied[inside] + depth]
        key = (ranks[tied].astype(np.int64) << 32) + follows + 1
        order = np.argsort(key, kind="stable")
        places[slots] = tied[order]
        slots = _rank(places, key[order], slots, ranks, tied[order])
        depth *= 2
    return places


def _rank(
    places: Places, keys: npt.NDArray[np.int64], slots: Places, ranks: Places, ranked: Places
) -> Places:
    """Gives each of the `ranked` places, sorted by `keys`, its group's first slot.

    Returns the slots whose places are still tied.
    """
    begins = np.ones(len(keys), dtype=np.bool_)
    begins[1:] = keys[1:] != keys[:-1]
    first = np.maximum.accumulate(np.where(begins, np.arange(len(keys)), 0))
    ranks[ranked] = slots[first]
    alone = begins & np.append(begins[1:], True)
    still_tied: Places = slots[~alone]
    return still_tied


def _as_bytes(phrase: Sequence[int]) -> bytes:
    return np.asarray(phrase, dtype=">u4").tobytes()


def _common_tokens(a: bytes, b: bytes) -> int:
    """How many whole tokens two phrases begin with alike."""
    shorter = min(len(a), len(b))
    differs = np.flatnonzero(
        np.frombuffer(a, np.uint8, shorter) != np.frombuffer(b, np.uint8, shorter)
    )
    return (int(differs[0]) if len(differs) else shorter) // _TOKEN_BYTES
