"""A grid of characters, each with the role it plays; and the strips that a widget shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

BLANK = ord(" ")
LIT = 64  # added to a role: the cell stands under the cursor


class Role(IntEnum):
    """What a cell is, which decides how it is styled."""

    PLAIN = 0
    AXIS = 1
    LABEL = 2
    BAND = 3
    EMA = 4
    VALIDATION = 5
    BEST = 6
    REFERENCE = 7
    EVENT = 8
    VALUE = 9
    SMALL = 10
    OVERLAY_1 = 11
    OVERLAY_2 = 12
    OVERLAY_3 = 13
    OVERLAY_4 = 14
    OVERLAY_5 = 15
    OVERLAY_6 = 16


OVERLAYS = tuple(role for role in Role if role.name.startswith("OVERLAY"))


@dataclass(frozen=True, eq=False)
class Cells:
    """Code points and roles of a grid: two arrays [height, width]."""

    characters: NDArray[np.uint32]
    roles: NDArray[np.uint8]

    @staticmethod
    def blank(width: int, height: int) -> Cells:
        return Cells(
            np.full((height, width), BLANK, dtype=np.uint32),
            np.zeros((height, width), dtype=np.uint8),
        )

    def write(self, column: int, row: int, text: str, role: Role) -> None:
        """Put a text on the grid; what does not fit is cut, what is not one cell wide becomes ?."""
        height, width = self.characters.shape
        if not 0 <= row < height:
            return
        if text.isascii() and text.isprintable():  # nearly always, and ten times faster
            start, end = max(column, 0), min(column + len(text), width)
            if start < end:
                codes = np.frombuffer(text.encode("ascii"), dtype=np.uint8)
                self.characters[row, start:end] = codes[start - column : end - column]
                self.roles[row, start:end] = role
            return
        for offset, character in enumerate(text):
            if 0 <= column + offset < width:
                shown = character if cell_len(character) == 1 else "?"
                self.characters[row, column + offset] = ord(shown)
                self.roles[row, column + offset] = role

    def lay(self, column: int, row: int, drawn: NDArray[np.uint32], role: Role) -> None:
        """Put a drawing over the grid; its blanks let through what is under it."""
        height, width = drawn.shape
        area = np.s_[row : row + height, column : column + width]
        there = drawn != BLANK
        self.characters[area][there] = drawn[there]
        self.roles[area][there] = role

    def text(self) -> list[str]:
        """The rows as plain strings."""
        return [row.astype("<u4").tobytes().decode("utf-32-le") for row in self.characters]


def strips(cells: Cells, styles: Sequence[Style], lit: Sequence[Style]) -> list[Strip]:
    """One strip a row: runs of cells with the same role, in the style of that role."""
    width = cells.characters.shape[1]
    roles = _carried(cells)
    changes = roles[:, 1:] != roles[:, :-1]
    result = []
    for row, text in enumerate(cells.text()):
        edges = [0, *(np.flatnonzero(changes[row]) + 1).tolist(), width]
        segments = []
        for start, end in pairwise(edges):
            role = int(roles[row, start])
            style = lit[role - LIT] if role >= LIT else styles[role]
            segments.append(Segment(text[start:end], style))
        result.append(Strip(segments, width))
    return result


class StripCache:
    """The strips of a picture that is drawn again and again: only rows that changed are new."""

    def __init__(self, styles: Sequence[Style], lit: Sequence[Style]) -> None:
        self._styles, self._lit = styles, lit
        self._cells = Cells.blank(0, 0)
        self._strips: list[Strip] = []

    def strips(self, cells: Cells) -> list[Strip]:
        """As the function of this name; rows as before are the same objects."""
        before = self._cells
        if before.characters.shape != cells.characters.shape:
            self._strips = strips(cells, self._styles, self._lit)
        else:
            same = (before.characters == cells.characters) & (before.roles == cells.roles)
            rows = np.flatnonzero(~same.all(axis=1))
            changed = Cells(cells.characters[rows], cells.roles[rows])
            self._strips = list(self._strips)
            for row, strip in zip(
                rows.tolist(), strips(changed, self._styles, self._lit), strict=True
            ):
                self._strips[row] = strip
        self._cells = cells
        return self._strips


def _carried(cells: Cells) -> NDArray[np.uint8]:
    """Roles in which a blank cell goes with its left neighbour: fewer runs, the same picture."""
    roles = cells.roles
    lit = roles >= LIT
    keep = (cells.characters != BLANK) | lit
    keep[:, 1:] |= lit[:, :-1]
    keep[:, :1] = True
    source = np.maximum.accumulate(np.where(keep, np.arange(roles.shape[1]), 0), axis=1)
    carried: NDArray[np.uint8] = np.take_along_axis(roles, source, axis=1)
    return carried
