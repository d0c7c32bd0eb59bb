"""The place in a text that somebody types, in percent."""

from __future__ import annotations

import pytest

from minigpt_tui.tui.corpus.text_share import share_of


@pytest.mark.parametrize(
    ("typed", "share"), [("0", 0.0), (" 37 % ", 0.37), ("37,5", 0.375), ("100%", 1.0)]
)
def test_percent_are_taken_as_people_write_them(typed: str, share: float) -> None:
    assert share_of(typed) == pytest.approx(share)


@pytest.mark.parametrize("typed", ["", "x", "-1", "101", "nan", "inf", "9e99"])
def test_what_is_no_place_is_refused_in_words(typed: str) -> None:
    with pytest.raises(ValueError, match="from 0"):
        share_of(typed)
