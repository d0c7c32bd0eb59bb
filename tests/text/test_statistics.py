"""Counts of a text agree with plain Python."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.text import file_text
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.statistics import text_statistics, token_statistics
from minigpt_tui.text.word import train_word
from minigpt_tui.text.word_pattern import SPACES
from tests.text.strategies import texts


@given(st.lists(texts, max_size=4))
@settings(deadline=None, max_examples=60)
def test_text_statistics(documents: list[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_text, "_CHUNK_CHARACTERS", 3)  # so that words lie across chunks
        found = text_statistics(documents)
    assert found.characters == sum(map(len, documents))
    assert found.bytes == sum(len(d.encode()) for d in documents)
    assert found.words == sum(len(re.findall(f"[^{SPACES}]+", d)) for d in documents)
    assert found.lines == sum(len(re.findall(r"[^\n]*\n|[^\n]+", d)) for d in documents)
    assert found.distinct_characters == len(set("".join(documents)))


def test_token_statistics() -> None:
    tokenizer = train_word(["one two two"], None, 1)
    found = token_statistics(["one two", "two three"], tokenizer)
    assert (found.tokens, found.distinct_tokens, found.unknown_tokens) == (4, 3, 2)


def test_counting_can_be_called_off() -> None:
    with pytest.raises(CancelledError):
        text_statistics(["text"], should_stop=lambda: True)
    with pytest.raises(CancelledError):
        token_statistics(["text"], train_word(["text"], None, 1), should_stop=lambda: True)
