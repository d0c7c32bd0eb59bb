"""What reaches a terminal: nothing that acts on it, and ordinary text as it is."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.text.safe import shown_token, visible
from tests.text.strategies import any_python_text

UNSAFE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@given(any_python_text, st.booleans())
@settings(deadline=None)
def test_nothing_that_a_terminal_obeys_is_left(text: str, keep: bool) -> None:
    shown = visible(text, keep_newlines=keep)
    rest = shown.replace("\n", "") if keep else shown
    assert not {unicodedata.category(c) for c in rest} & UNSAFE
    assert shown.count("\n") == (text.count("\n") if keep else 0)


@given(any_python_text)
@settings(deadline=None)
def test_a_shown_token_is_safe_and_on_one_line(text: str) -> None:
    shown = shown_token(text)
    assert not {unicodedata.category(c) for c in shown} & UNSAFE
    assert " " not in shown


def test_every_single_character_is_covered() -> None:
    # the planes that hold characters, and the borders of those that hold none
    planes = (range(0x32000), range(0xDFFF0, 0xE0200), range(0xEFFF0, 0xF0010))
    everything = "".join(
        chr(code) for codes in (*planes, range(0x10FFF0, 0x110000)) for code in codes
    )
    shown = visible(everything)
    assert not {unicodedata.category(c) for c in set(shown)} & UNSAFE
    ordinary = "".join(c for c in everything if unicodedata.category(c) not in UNSAFE)
    assert visible(ordinary) == ordinary


@pytest.mark.parametrize(
    "text",
    [
        "plain words",
        "naïve café",
        "Привет",
        "日本語",
        "e\u0301",
        "🙂",
        "a\xa0b",
        "[bold]x[/nope]",
        "",
    ],
)
def test_ordinary_text_stays(text: str) -> None:
    assert visible(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "␛]0;title␇"),
        ("a\tb\r", "a␉b␍"),
        ("\x7f", "␡"),
        ("\x9b31m", "⟨U+009B⟩31m"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe"),
        ("\u200b\ufeff", "⟨U+200B⟩⟨U+FEFF⟩"),
        ("\u2028", "⟨U+2028⟩"),
        ("\ud83d", "⟨U+D83D⟩"),
        ("one\ntwo", "one␊two"),
    ],
)
def test_stand_ins(text: str, shown: str) -> None:
    assert visible(text) == shown


def test_tokens_show_their_white_space() -> None:
    assert shown_token(" the") == "·the"
    assert shown_token("\n\t \x1b") == "⏎⇥·␛"
    assert shown_token("<EOT>") == "<EOT>"
