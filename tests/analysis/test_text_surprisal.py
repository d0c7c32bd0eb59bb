"""The surprisal of a text of any length is what the engine says before each of its tokens."""

from __future__ import annotations

import numpy as np
import pytest

from minigpt_tui.analysis.text_surprisal import cut, joined, seen_before, text_surprisal
from minigpt_tui.inference.engine import engine_for
from minigpt_tui.text.cancel import CancelledError
from tests.analysis.models import noisy, some_ids


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
@pytest.mark.parametrize("length", [1, 2, 8, 9, 12, 13, 40])  # the window is 8
def test_it_is_what_the_engine_says_before_each_token(layout: str, length: int) -> None:
    model, ids = noisy(layout), some_ids(length)
    engine = engine_for(model)
    scored = text_surprisal(model, ids)
    for at, token in enumerate(ids):
        logits = engine.logits_after(seen_before(ids, at, 8)).astype(np.float64)
        log_p = logits - np.log(np.exp(logits - logits.max()).sum()) - logits.max()
        assert scored.bits[at] == pytest.approx(-log_p[token] / np.log(2), abs=1e-4)
        assert scored.rank[at] == 1 + int((log_p > log_p[token]).sum())
        assert scored.entropy[at] == pytest.approx(-(np.exp(log_p) @ log_p) / np.log(2), abs=1e-4)
        assert scored.expected[at] == logits.argmax()


@pytest.mark.parametrize("start", [0, 1, 5, 8, 11, 29, 30])
def test_a_text_that_grew_needs_only_its_new_tokens(start: int) -> None:
    model, ids = noisy(), some_ids(30)
    whole = text_surprisal(model, ids)
    again = joined([cut(whole, start), text_surprisal(model, ids, start)])
    np.testing.assert_allclose(again.bits, whole.bits, atol=1e-5)
    assert again.rank.tolist() == whole.rank.tolist()


def test_a_text_without_tokens_has_none() -> None:
    assert text_surprisal(noisy(), []).bits.shape == (0,)


def test_it_stops_when_it_is_told_to() -> None:
    with pytest.raises(CancelledError):
        text_surprisal(noisy(), some_ids(40), should_stop=lambda: True)
