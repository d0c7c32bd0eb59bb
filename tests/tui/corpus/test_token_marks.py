"""The marks by which tokens side by side are drawn differently."""

from __future__ import annotations

from minigpt_tui.tui.corpus.token_marks import TINTS, alike, token_marks


def test_every_character_has_the_mark_of_its_token() -> None:
    marks = token_marks([(0, 2, 5), (2, 3, 6), (3, 3, 7), (3, 5, 0)], 6, underline=False)
    assert marks[0] == marks[1] != marks[2]
    assert marks[3] == marks[4] not in range(TINTS), "an unknown token stands out"
    assert marks[5] not in range(TINTS), "what no token covers stays plain"


def test_a_row_is_drawn_in_runs_that_are_alike() -> None:
    text = "ab cd"
    marks = token_marks([(0, 2, 5), (2, 5, 6)], len(text), underline=False)
    assert list(alike(text, marks, 0, 5, ())) == [(0, 2), (2, 3), (3, 5)]
    assert list(alike(text, marks, 0, 5, (4,))) == [(0, 2), (2, 3), (3, 4), (4, 5)]
