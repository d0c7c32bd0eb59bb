"""Tables for a terminal: columns as wide as what stands in them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from minigpt_tui.text.safe import shown_token

TOKEN_CELLS = 12


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines of a table, two spaces in.

    A heading that begins with “>” stands over numbers: its column is aligned to the right.
    """
    names = [heading.removeprefix(">") for heading in headings]
    body = [names, *([*row] for row in rows)]
    widths = [max(cells(row[i]) for row in body) for i in range(len(names))]
    lines = []
    for row in body:
        parts = []
        for text, width, heading in zip(row, widths, headings, strict=True):
            space = " " * (width - cells(text))
            parts.append(space + text if heading.startswith(">") else text + space)
        lines.append(("  " + "  ".join(parts)).rstrip())
    return lines


def token_cell(token: str, most: int = TOKEN_CELLS) -> str:
    """A token as `shown_token` shows it, cut to so many cells."""
    shown = shown_token(token)
    if cells(shown) <= most:
        return shown
    while cells(shown) > most - 1:
        shown = shown[:-1]
    return shown + "…"


def bar(share: float, width: int = 20) -> str:
    """A bar for a share from 0 to 1."""
    return "█" * round(share * width)


def cells(text: str) -> int:
    """How many places of a terminal a visible text takes."""
    return sum(_cells_of(c) for c in text)


def _cells_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1
