"""Text is put on the grid cell by cell; a picture that is drawn again keeps its unchanged rows."""

from __future__ import annotations

import numpy as np
from rich.style import Style

from minigpt_tui.tui.plot.cells import Cells, Role, StripCache, strips

STYLES = [Style(color="blue", bold=bool(role % 2)) for role in Role]


def test_text_is_cut_at_the_edges() -> None:
    cells = Cells.blank(6, 2)
    cells.write(-2, 0, "abcdef", Role.LABEL)
    cells.write(4, 1, "né!x", Role.VALUE)
    cells.write(0, 5, "outside", Role.VALUE)
    assert cells.text() == ["cdef  ", "    né"]
    assert cells.roles[0].tolist() == [Role.LABEL] * 4 + [0, 0]


def test_what_is_not_one_cell_wide_is_a_question_mark() -> None:
    cells = Cells.blank(4, 1)
    cells.write(0, 0, "a\x1b世b", Role.LABEL)
    assert cells.text() == ["a??b"]


def test_rows_as_before_are_the_same_strips() -> None:
    cache = StripCache(STYLES, STYLES)
    first = Cells.blank(20, 4)
    first.write(2, 1, "one", Role.EMA)
    before = cache.strips(first)
    second = Cells(first.characters.copy(), first.roles.copy())
    second.write(2, 3, "two", Role.BAND)
    after = cache.strips(second)
    assert [a is b for a, b in zip(before, after, strict=True)] == [True, True, True, False]
    assert after == strips(second, STYLES, STYLES)
    second = Cells(second.characters, np.where(second.roles == Role.EMA, Role.BAND, second.roles))
    assert cache.strips(second)[1] != before[1], "another colour is another row"


def test_another_size_is_drawn_anew() -> None:
    cache = StripCache(STYLES, STYLES)
    cache.strips(Cells.blank(20, 4))
    assert [strip.cell_length for strip in cache.strips(Cells.blank(9, 3))] == [9, 9, 9]
