"""How a text begins: a prompt of which a model that learned the text has seen every character."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from minigpt_tui.text.file_text import Text
from minigpt_tui.text.pieces import pieces_of_all

LONGEST = 24
"""Characters."""
_WORDS = re.compile(r"\S+(?: \S+)?")  # a space in the place of a line feed may be no token
_PIECE = 1024
_PIECES = 64
"""In which words are looked for: more blanks than these begin no text."""


def opening(texts: Sequence[Text]) -> str:
    """The first word of the texts, and the next behind a space; empty where there is none."""
    for piece in islice(pieces_of_all(texts, _PIECE, longest=2 * _PIECE), _PIECES):
        if found := _WORDS.search(piece):
            words = found[0]
            return words if len(words) <= LONGEST else words.split(" ")[0][:LONGEST]
    return ""
