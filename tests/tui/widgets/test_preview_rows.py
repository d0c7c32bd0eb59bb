"""How a text is broken into rows of cells."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from minigpt_tui.text.border import BORDER
from minigpt_tui.tui.widgets.preview_rows import Glyphs, preview_rows


def rows(text: str, width: int, *, space_leads: bool = False) -> list[str]:
    found = preview_rows(text, width, Glyphs(), space_leads=space_leads)
    return [text[start:end] for start, end in found]


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(1, 40), st.booleans())
def test_rows_join_to_the_text_and_none_is_empty(text: str, width: int, leads: bool) -> None:
    found = rows(text, width, space_leads=leads)
    assert "".join(found) == text
    assert all(found)
    assert all("\n" not in row[:-1] for row in found)


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii"), max_size=300), st.integers(2, 40), st.booleans())
def test_no_row_is_wider_than_the_room(text: str, width: int, leads: bool) -> None:
    glyphs = Glyphs()
    for row in rows(text, width, space_leads=leads):
        assert sum(glyphs[character][1] for character in row) <= width


@pytest.mark.parametrize(
    ("leads", "expected"),
    [(False, ["one two ", "three\n", "four"]), (True, ["one two", " three\n", "four"])],
)
def test_rows_break_at_white_space(leads: bool, expected: list[str]) -> None:
    assert rows("one two three\nfour", 10, space_leads=leads) == expected


def test_between_two_documents_there_is_an_eot() -> None:
    assert Glyphs()[BORDER] == ("<EOT>", 5)
    assert rows(f"one{BORDER}two words{BORDER}{BORDER}x", 10) == [
        f"one{BORDER}",
        "two words",
        BORDER,
        BORDER,
        "x",
    ]


def test_a_word_longer_than_a_row_is_cut() -> None:
    assert rows("abcdefgh", 4) == ["abc", "def", "gh"]
    assert rows("日本語日本", 5) == ["日本", "語日", "本"]


def test_nothing_is_shown_that_a_terminal_obeys() -> None:
    glyphs = Glyphs()
    shown = [glyphs[character][0] for character in "\x1b\x9b\u202e\t \n"]
    assert all(text.isprintable() for text in shown)
    assert shown[-3:] == ["⇥", "·", "⏎"]
    assert all(glyphs[c][1] == cell_len(glyphs[c][0]) for c in "a日\u202e")
