"""A key has one name, however somebody writes it, and one that the screen shows."""

from __future__ import annotations

import pytest

from minigpt_tui.tui.keys.key_names import key_words, normal_key


@pytest.mark.parametrize(
    ("written", "named"),
    [("/", "slash"), ("Ctrl+Y", "ctrl+y"), ("F5", "f5"), ("S", "S"), ("+", "plus")],
)
def test_keys_are_named_as_textual_names_them(written: str, named: str):
    assert normal_key(written) == named


@pytest.mark.parametrize(
    ("keys", "shown"),
    [("f2", "F2"), ("ctrl+q", "^q"), ("space", "␣"), ("slash", "/"), ("t,ctrl+t", "t"), ("f", "f")],
)
def test_the_screen_shows_the_first_key_in_short(keys: str, shown: str) -> None:
    assert key_words(keys) == shown
