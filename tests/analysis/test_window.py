"""A prompt becomes what the model sees of it, and says what it does not see."""

from __future__ import annotations

import pytest

from minigpt_tui.analysis.window import context_window, scored_window
from minigpt_tui.text.tokenizers import EOT, EOT_ID, UNK, UNK_ID
from tests.analysis.models import service_of
from tests.inference.models import tokenizer_of

SERVICE = service_of(tokenizer_of("the cat sat", "char"))  # its window has 8 tokens


def test_a_prompt_is_its_tokens():
    window = context_window(SERVICE, "the c")
    assert window.tokens == ("t", "h", "e", " ", "c")
    assert window.ids == tuple(SERVICE.tokenize("the c", add_special_tokens=False))
    assert (window.left_out, window.unknown) == (0, ())


def test_of_a_long_prompt_the_last_window_counts():
    window = context_window(SERVICE, "the cat sat")
    assert "".join(window.tokens) == " cat sat"
    assert window.left_out == 3


def test_an_empty_prompt_is_the_opening_of_a_text():
    assert context_window(SERVICE, "").ids == (EOT_ID,)
    assert context_window(SERVICE, "").tokens == (EOT,)


def test_unknown_characters_are_named():
    window = context_window(SERVICE, "ßß")
    assert window.ids == (UNK_ID, UNK_ID)
    assert window.tokens == (UNK, UNK)
    assert window.unknown == ("ß",)


@pytest.mark.parametrize(
    ("text", "left_out", "targets"),
    [("", 0, 0), ("t", 0, 1), ("the cat ", 0, 8), ("the cat s", 1, 8)],
)
def test_a_scored_text_has_a_token_before_each_target(text, left_out, targets):
    window = scored_window(SERVICE, text)
    assert len(window.ids) == targets + 1
    assert window.left_out == left_out
    assert (window.ids[0] == EOT_ID) == (left_out == 0)
