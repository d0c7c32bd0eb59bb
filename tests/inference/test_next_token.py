"""Logits for the next token are the model's own, for any mix of contexts."""

from __future__ import annotations

import pytest
import torch

from minigpt_tui.inference import next_token
from minigpt_tui.inference.next_token import next_logits
from tests.inference.models import MarkovChain, tiny_gpt


def test_contexts_of_different_lengths_do_not_touch_each_other() -> None:
    model = tiny_gpt(9).eval()
    contexts = [[1], [1, 4, 3, 2], [5, 6]]
    together = next_logits(model, contexts)
    alone = torch.stack([model(torch.tensor([c]))[0, -1] for c in contexts])
    torch.testing.assert_close(together, alone.detach())


def test_a_large_batch_in_pieces_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    model = tiny_gpt(9)
    contexts = [[i % 9, (3 * i) % 9] for i in range(20)]
    whole = next_logits(model, contexts)
    monkeypatch.setattr(next_token, "MAX_LOGITS", 50)
    torch.testing.assert_close(next_logits(model, contexts), whole)


def test_a_model_in_training_is_read_without_dropout_and_put_back() -> None:
    model = tiny_gpt(9).train()
    before = torch.random.get_rng_state()
    assert torch.equal(next_logits(model, [[1, 2]]), next_logits(model, [[1, 2]]))
    assert all(module.training for module in model.modules())
    assert torch.equal(before, torch.random.get_rng_state())


def test_a_diverged_model_is_named() -> None:
    with pytest.raises(ValueError, match="diverged"):
        next_logits(MarkovChain(torch.full((3, 3), torch.nan)), [[1]])  # type: ignore[arg-type]
