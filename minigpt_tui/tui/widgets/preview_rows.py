"""Breaks a text into the rows of a preview, in terminal cells, every character shown."""

from __future__ import annotations

import re
from itertools import accumulate

from rich.cells import cell_len

from minigpt_tui.text.border import BORDER, BORDER_SHOWN
from minigpt_tui.text.safe import shown_token

Row = tuple[int, int]

# What is kept on one row if it fits: a word with the white space that belongs to its token.
_SPACE_LEADS = re.compile(rf"[\n{BORDER}]|[^\S\n]*[^\s{BORDER}]+|[^\S\n]+")
_SPACE_FOLLOWS = re.compile(rf"[\n{BORDER}]|[^\s{BORDER}]+[^\S\n]*|[^\S\n]+")


class Glyphs(dict[str, tuple[str, int]]):
    """Character → (what stands for it on the screen, its width in cells); learns as it goes."""

    def __missing__(self, character: str) -> tuple[str, int]:
        shown = BORDER_SHOWN if character == BORDER else shown_token(character)
        self[character] = glyph = (shown, cell_len(shown))
        return glyph


def preview_rows(text: str, width: int, glyphs: Glyphs, *, space_leads: bool) -> list[Row]:
    """(start, end) of each row in characters; the rows join to the text.

    A newline ends its row and is drawn there; so does a BORDER, which may need a row of its own.
    Rows break at white space: before it where `space_leads` (a token carries the space before its
    word), after it otherwise. A word longer than a row is cut. One cell stays free for the sign of
    the newline.
    """
    room = max(1, width - 1)
    offsets = [0, *accumulate(glyphs[character][1] for character in text)]
    rows: list[Row] = []
    start = 0
    for unit in (_SPACE_LEADS if space_leads else _SPACE_FOLLOWS).finditer(text):
        begin, end = unit.span()
        if text[begin] == "\n":
            rows.append((start, end))
            start = end
        elif text[begin] == BORDER:
            if begin > start and offsets[end] - offsets[start] > width:
                rows.append((start, begin))
                start = begin
            rows.append((start, end))
            start = end
        elif offsets[end] - offsets[start] > room:
            if begin > start:
                rows.append((start, begin))
                start = begin
            for cut in range(begin + 1, end):
                if offsets[cut + 1] - offsets[start] > room:
                    rows.append((start, cut))
                    start = cut
    if start < len(text):
        rows.append((start, len(text)))
    return rows
