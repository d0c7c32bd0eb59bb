"""How a text begins: a prompt of which a model that learned the text has seen every character."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from minigpt_tui.text.file_text import Text
from minigpt_tui.text.pieces import pieces_of_all

WORDS = 2
LONGEST = 24
"""Characters."""
_PIECE = 1024
_PIECES = 64
"""In which words are looked for: more blanks than these begin no text."""


def opening(texts: Sequence[Text]) -> str:
    """The first words of the texts on one line; empty where they begin with none."""
    for piece in islice(pieces_of_all(texts, _PIECE, longest=2 * _PIECE), _PIECES):
        if words := piece.split():
            return " ".join(words[:WORDS])[:LONGEST]
    return ""
