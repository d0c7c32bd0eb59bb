"""A long text is taken apart where no token can span the cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.config import DataConfig
from minigpt_tui.text.pieces import code_points, pieces, utf8_lengths
from minigpt_tui.text.tokenizers import Tokenizer, build_tokenizer
from tests.text.strategies import PIECES, any_python_text, texts

CORPUS = ["".join(PIECES) * 3 + " The rain in Spain, it's 'll  plain.\n\nWe've  seen\t it.\n" * 5]


@given(any_python_text, st.integers(1, 9))
@settings(deadline=None)
def test_pieces_join_to_the_text(text: str, size: int) -> None:
    assert "".join(pieces(text, size)) == text
    assert all(pieces(text, size))
    bounded = list(pieces(text, size, longest=2 * size))
    assert "".join(bounded) == text
    assert all(0 < len(piece) <= 2 * size for piece in bounded)


@pytest.fixture(scope="module", params=["char", "word", "bpe"])
def tokenizer(request: pytest.FixtureRequest) -> Tokenizer:
    return build_tokenizer(CORPUS, DataConfig(level=request.param, vocab_size=400))


@given(text=st.one_of(texts, st.text("ab ,'\n\tl", max_size=40)), size=st.integers(1, 9))
@settings(deadline=None)
def test_the_tokens_of_the_pieces_are_the_tokens_of_the_text(
    tokenizer: Tokenizer, text: str, size: int
) -> None:
    apart = [tokenizer.encode(piece) for piece in pieces(text, size)]
    assert np.array_equal(np.concatenate([*apart, []]), tokenizer.encode(text))


@given(texts)
@settings(deadline=None)
def test_utf8_lengths(text: str) -> None:
    assert utf8_lengths(code_points(text)).tolist() == [len(c.encode()) for c in text]
