"""The files of a text one behind the other: places in them as shares of the whole."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate


@dataclass(frozen=True)
class TextExtent:
    """`sizes` of the files, in bytes; a place is a file's number and a byte of it."""

    sizes: tuple[int, ...] = ()

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """The bytes of the whole text before each file, and in all."""
        return (0, *accumulate(self.sizes))

    @property
    def whole(self) -> int:
        """In bytes, at least 1, to be divided by."""
        return max(1, self.starts[-1])

    def place_at(self, share: float) -> tuple[int, int]:
        """The place at a share of the whole, from 0 to less than 1."""
        byte = int(max(0.0, share) * self.starts[-1])
        file = min(bisect_right(self.starts, byte) - 1, len(self.sizes) - 1)
        return file, byte - self.starts[file]

    def share_of(self, file: int, byte: int) -> float:
        """How much of the whole lies before a place, 0 to 1."""
        return (self.starts[file] + byte) / self.whole
