"""Two models and a text: divergence is what it should be, and no bit of either is lost."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.analysis.comparison import (
    common_ends,
    compare_text,
    divergence,
    same_vocabulary,
)
from minigpt_tui.analysis.text_surprisal import text_surprisal
from minigpt_tui.config import DataConfig
from minigpt_tui.text.tokenizers import build_tokenizer
from tests.analysis.models import service_of

TEXT = "I eat rice. We eat bread and rice – in the morning 🙂.\n"
LEVELS = ("char", "word", "bpe")
SERVICES = {
    level: service_of(build_tokenizer([TEXT * 3], DataConfig(level=level))) for level in LEVELS
}
LOGITS = st.lists(st.floats(-20, 20), min_size=5, max_size=5)


def test_the_divergence_of_a_known_pair() -> None:
    found = divergence(np.log([0.5, 0.5]), np.log([0.25, 0.75]))
    assert found.forward == pytest.approx(0.5 * np.log2(2) + 0.5 * np.log2(2 / 3))
    assert found.backward == pytest.approx(0.25 * np.log2(0.5) + 0.75 * np.log2(1.5))


@given(LOGITS, LOGITS, st.floats(-5, 5))
def test_a_divergence_is_never_below_zero(p: list[float], q: list[float], shift: float) -> None:
    found = divergence(p, q)
    assert found.forward >= 0
    assert found.backward >= 0
    turned = divergence(q, p)
    assert (turned.forward, turned.backward) == pytest.approx((found.backward, found.forward))
    assert divergence(p, [x + shift for x in p]).forward == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("first", LEVELS)
@pytest.mark.parametrize("second", LEVELS)
def test_both_models_bits_are_all_in_the_pieces(first: str, second: str) -> None:
    a, b = SERVICES[first], SERVICES[second]
    compared = compare_text(a, b, TEXT)
    assert "".join(compared.pieces) == TEXT
    for service, bits in ((a, compared.first_bits), (b, compared.second_bits)):
        whole = text_surprisal(service.model, service.tokenize(TEXT, False)).bits
        assert bits.sum() == pytest.approx(whole.sum())
    assert same_vocabulary(a.tokenizer, b.tokenizer) == (first == second)
    if first == second:
        assert np.allclose(compared.difference, 0)


def test_what_one_model_does_not_know_is_no_fair_comparison() -> None:
    compared = compare_text(SERVICES["char"], SERVICES["bpe"], "eat ß rice")
    unknown = [p for p, u in zip(compared.pieces, compared.unknown, strict=True) if u]
    assert len(unknown) == 1
    assert "ß" in unknown[0]
    assert compared.characters == len("eat ß rice") - len(unknown[0])


@pytest.mark.parametrize("text", ["", "ß", "\x1b"])
def test_a_text_that_nobody_knows_has_no_difference(text: str) -> None:
    compared = compare_text(SERVICES["char"], SERVICES["word"], text)
    assert compared.mean_difference == 0
    assert "".join(compared.pieces) == text


def test_pieces_end_where_tokens_of_both_end() -> None:
    assert common_ends([(0, 2, 5), (2, 5, 6)], [(0, 1, 5), (1, 2, 6), (2, 5, 7)]) == [2, 5]
