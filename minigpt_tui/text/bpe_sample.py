"""The part of a text that the merges of BPE are learned from: all of it, or an even sample.

The trainer keeps every different word, at some 80 bytes of memory for each byte of it. In a text
without spaces between words, whole clauses are such words, and hardly one comes twice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_MOST_CHARACTERS = 32_000_000
_MOST_BYTES_OF_WORDS = 2_000_000
_WORD = re.compile(r"\w+|[^\w\s]+")  # nearly the split before the merges


def sample(pieces: Iterable[str]) -> tuple[list[str], int]:
    """Every n-th of the pieces, and n: 1, or the power of two that was needed to bound them."""
    kept: list[str] = []
    every, extent = 1, _Extent()
    for i, piece in enumerate(pieces):
        if i % every:
            continue
        kept.append(piece)
        extent.add(piece)
        while extent.too_large():
            kept, every, extent = kept[::2], 2 * every, _Extent()
            for remaining in kept:
                extent.add(remaining)
    return kept, every


class _Extent:
    """How long some pieces are, and how long their different words."""

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._characters = self._bytes_of_words = 0

    def add(self, piece: str) -> None:
        new = set(_WORD.findall(piece)) - self._words
        self._words |= new
        self._characters += len(piece)
        self._bytes_of_words += sum(len(word.encode(errors="replace")) for word in new)

    def too_large(self) -> bool:
        return self._characters > _MOST_CHARACTERS or self._bytes_of_words > _MOST_BYTES_OF_WORDS
