"""How text is taken apart into words, marks and white space, in numpy and as a regular expression.

A token is a word or one other mark, either with the one space before it, or else white space:
a run of newlines, or a run of anything blank but newlines. Every character belongs to exactly
one token, so the tokens join to the text.

A regular expression's own `\\w` differs between libraries and Unicode versions. So the class of
word characters is written out once, as ranges, and goes with the vocabulary into its file.
"""

from __future__ import annotations

import itertools
import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

Ranges = tuple[tuple[int, int], ...]

# Unicode's White_Space, which has not changed since version 6.3.
SPACES = "\t\n\x0b\x0c\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B)))
SPACES += "\u2028\u2029\u202f\u205f\u3000"

_MARK, _WORD, _NEWLINE, _BLANK = range(4)
_TEMPLATE = " ?[{word}]+| ?[^{space}{word}]|\n+|[{blank}]+?(?= ?[^{space}]|\n|$)"


def is_word_character(c: str) -> bool:
    """Whether `c` can be part of a word: a letter, a mark, a number, or an underscore."""
    return c == "_" or unicodedata.category(c)[0] in "LMN"


@cache
def word_ranges() -> Ranges:
    """The word characters of this Python's Unicode as inclusive ranges of code points."""
    category = unicodedata.category
    table = np.fromiter((category(chr(code))[0] in "LMN" for code in range(0x110000)), np.bool_)
    table[ord("_")] = True
    steps = np.flatnonzero(np.diff(table, prepend=False, append=False))
    return tuple((int(a), int(b) - 1) for a, b in steps.reshape(-1, 2))


def pattern(ranges: Ranges) -> str:
    """The split as a regular expression that Python's `re` and Oniguruma read alike."""
    word = "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)
    blank = SPACES.replace("\n", "")
    return _TEMPLATE.format(word=word, space=SPACES, blank=blank)


def ranges_of_pattern(text: str) -> Ranges:
    """The word characters of a `pattern`. Raises ValueError if the text is not one."""
    word = text.removeprefix(" ?[").partition("]")[0]
    ranges = tuple((ord(word[i]), ord(word[i + 2])) for i in range(0, len(word) - 2, 3))
    bounds = [bound for pair in ranges for bound in pair]
    ascending = all(a <= b for a, b in ranges) and all(
        last < first for (_, last), (first, _) in itertools.pairwise(ranges)
    )
    surrogates = any(0xD800 <= bound <= 0xDFFF for bound in bounds)
    foreign = any(a <= ord(space) <= b for a, b in ranges for space in SPACES)
    special = any(a <= ord(c) <= b for a, b in ranges for c in r"[]\^-&~|")
    if not ranges or not ascending or surrogates or foreign or special or pattern(ranges) != text:
        raise ValueError("its split is not the one of words")
    return ranges


class WordSplit:
    """Finds where the tokens begin, for one class of word characters."""

    def __init__(self, ranges: Ranges) -> None:
        self.ranges = ranges
        self._classes = np.full(0x110000, _MARK, dtype=np.uint8)
        for first, last in ranges:
            self._classes[first : last + 1] = _WORD
        self._classes[[ord(c) for c in SPACES]] = _BLANK
        self._classes[ord("\n")] = _NEWLINE

    def starts(self, codes: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
        """Where each token of a text begins: [tokens], from its code points [characters]."""
        kind = self._classes.take(codes)
        visible = kind < _NEWLINE
        leads = codes == ord(" ")  # a space right before something visible belongs to it
        leads[:-1] &= visible[1:]
        leads[-1:] = False
        kind[leads] = _MARK  # such a space begins a token whatever stands before it
        begins = np.ones(len(codes), dtype=np.bool_)
        # A run goes on where its kind repeats; a mark is alone.
        begins[1:] = (kind[1:] != kind[:-1]) | (kind[1:] == _MARK)
        begins[1:] &= ~leads[:-1]
        return np.flatnonzero(begins)
