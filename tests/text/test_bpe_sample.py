"""A long text's merges come from a part of it that is even and bounded."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.text import bpe_sample
from minigpt_tui.text.bpe import train_bpe
from minigpt_tui.text.bpe_sample import sample


def test_a_short_text_is_used_whole() -> None:
    pieces = ["one two", " three"]
    assert sample(iter(pieces)) == (pieces, 1)


@given(st.lists(st.text("ab ", min_size=1, max_size=5), max_size=80), st.integers(5, 60))
def test_every_nth_piece_stays_and_no_more_than_fit(pieces: list[str], bound: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpe_sample, "_MOST_CHARACTERS", bound)
        kept, every = sample(pieces)
    assert kept == pieces[::every]
    assert sum(map(len, kept)) <= bound
    assert every == 1 or sum(map(len, pieces[:: every // 2])) > bound


def test_different_words_are_bounded_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpe_sample, "_MOST_BYTES_OF_WORDS", 1000)
    clauses = [f"{'、'.join(map(chr, range(0x4E00 + i, 0x4E10 + i)))}。" for i in range(0, 800, 16)]
    kept, every = sample(clauses)
    assert every == 4
    assert len(kept) == 13
    repeated = list(itertools.repeat(clauses[0], 500))
    assert sample(repeated) == (repeated, 1)


def test_the_sample_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    text = "It was the best of times. " * 2000
    train_bpe([text], None, warn=said.append)
    assert said == []
    monkeypatch.setattr(bpe_sample, "_MOST_CHARACTERS", 20_000)
    tokenizer = train_bpe([text], None, warn=said.append)
    assert len(said) == 1
    assert "even sample of the text" in said[0]
    assert tokenizer.decode(tokenizer.encode(text)) == text
