"""From characters to cells of a preview, and back."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.tui.corpus.preview_layout import PreviewLayout
from minigpt_tui.tui.widgets.preview_rows import Glyphs


def layout(text: str, width: int, border: int | None = None) -> PreviewLayout:
    return PreviewLayout(text, width, border, Glyphs(), space_leads=False)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=200), st.integers(2, 40), st.integers(0, 300))
def test_every_character_is_found_where_it_stands(text: str, width: int, border: int) -> None:
    rows = layout(text, width, border)
    for character in range(len(text)):
        if rows.glyphs[text[character]][1]:
            row, column = rows.row_of(character), rows.column_of(character)
            assert rows.character_at(row, column) == character


def test_the_border_has_a_row_without_characters() -> None:
    rows = layout("one two", 20, 4)
    assert rows.rows == [(0, 4), (4, 4), (4, 7)]
    assert [rows.is_border(row) for row in range(3)] == [False, True, False]
    assert rows.row_of(4) == 2


def test_behind_the_end_of_a_row_is_its_last_character() -> None:
    assert layout("ab", 20).character_at(0, 19) == 1
    assert len(layout("ab", 0)) == 0
