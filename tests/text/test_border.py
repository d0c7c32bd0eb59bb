"""A text that holds several documents is learned and counted as these documents are."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.config import DataConfig
from minigpt_tui.text import file_text, token_file
from minigpt_tui.text.border import BORDER
from minigpt_tui.text.compression import compression
from minigpt_tui.text.statistics import text_statistics, token_statistics
from minigpt_tui.text.tokenizers import build_tokenizer
from tests.text.strategies import texts

documents = st.lists(texts.filter(bool), min_size=1, max_size=5)


@pytest.mark.parametrize("level", ["char", "word", "bpe"])
@given(documents=documents, size=st.integers(1, 40))
@settings(deadline=None, max_examples=20)
def test_joined_documents_are_like_documents_apart(
    level: str, documents: list[str], size: int
) -> None:
    joined = [BORDER.join(documents)]
    config = DataConfig(level=level, vocab_size=300)
    tokenizer = build_tokenizer(documents, config)
    assert build_tokenizer(joined, config).to_json() == tokenizer.to_json()
    assert token_statistics(joined, tokenizer) == token_statistics(documents, tokenizer)
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_text, "_CHUNK_CHARACTERS", size)
        patch.setattr(token_file, "_PIECE_CHARACTERS", size)
        assert text_statistics(joined) == text_statistics(documents)
        apart = token_file.token_file(documents, tokenizer, Path(name) / "apart")
        together = token_file.token_file(joined, tokenizer, Path(name) / "together")
    assert together.ids.tolist() == apart.ids.tolist()
    assert (together.characters, together.bytes) == (apart.characters, apart.bytes)


def test_a_border_costs_a_compressor_nothing() -> None:
    one, other = "a rose is a rose " * 40, "is a rose"
    assert compression([one, one], [other, other]) == compression(
        [one + BORDER + one], [other + BORDER + other]
    )
