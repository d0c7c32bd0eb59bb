"""Patterns are distributions over the past; scores find the heads that were put there by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from minigpt_tui.analysis.attention import (
    attention_patterns,
    head_scores,
    highest_entropy,
    induction_score,
    pattern_entropy,
    previous_token_score,
    rollout,
)
from minigpt_tui.config import ModelConfig
from minigpt_tui.model.gpt2 import GPT
from tests.analysis.models import H, L, T, noisy, some_ids


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
@pytest.mark.parametrize("length", [1, T])
def test_rows_sum_to_one_and_see_no_future(layout, length):
    model = noisy(layout)
    patterns = attention_patterns(model, some_ids(length))
    assert patterns.shape == (L, H, length, length)
    for each in (patterns, rollout(patterns)):
        assert np.allclose(each.sum(-1), 1, atol=1e-6)
        assert not np.triu(each, 1).any()
        assert (each >= 0).all()


def test_rollout_of_heads_that_look_at_themselves_stays_there():
    itself = np.broadcast_to(np.eye(4), (3, 2, 4, 4))
    assert np.array_equal(rollout(itself), np.broadcast_to(np.eye(4), (3, 4, 4)))


def test_rollout_goes_back_a_place_a_layer_with_half_of_what_is_there():
    back = np.eye(3, k=-1)
    back[0, 0] = 1
    reached = rollout(np.broadcast_to(back, (2, 1, 3, 3)))
    assert reached[1, 2].tolist() == [0.25, 0.5, 0.25]


def test_scores_of_patterns_that_are_known():
    uniform = np.tril(np.ones((4, 4))) / np.arange(1, 5)[:, None]
    assert pattern_entropy(uniform) == pytest.approx(highest_entropy(4))
    assert pattern_entropy(np.eye(4)) == 0
    assert previous_token_score(np.eye(4, k=-1)) == 1
    assert previous_token_score(np.eye(4)) == 0
    assert previous_token_score(uniform) == pytest.approx((1 / 2 + 1 / 3 + 1 / 4) / 3)
    # Of six tokens a b c a b c, the second a looks at the first b: three places on is itself.
    assert induction_score(np.eye(6, k=-2), period=3) == 1
    assert induction_score(np.eye(6, k=-3), period=3) == 0


def induction_model(tokens: int = 14, positions: int = 24, sharp: float = 40.0) -> GPT:
    """Two layers of one head: the first fetches the token before, the second looks it up.

    The stream is [token, position, token before], each one-hot; the norms shift and scale all
    positions alike, which changes no order of scores.
    """
    width = 2 * tokens + positions
    model = GPT(
        ModelConfig(d_model=width, n_heads=1, n_layers=2, d_ff=1, max_seq_len=positions), tokens
    )
    token, position = slice(0, tokens), slice(tokens, tokens + positions)
    before = slice(tokens + positions, width)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.fill_(float("norm" in name and name.endswith("weight")))
        model.token_embedding.weight[:, token] = torch.eye(tokens)
        model.position_embedding.weight[:, position] = torch.eye(positions)
        first, second = (block.attention for block in model.blocks)
        q, k, v = first.qkv.weight.chunk(3)
        q[position, position] = sharp * torch.eye(positions)
        k[position, position] = torch.eye(positions).roll(1, dims=0)  # j is found by j + 1
        v[token, token] = torch.eye(tokens)
        first.out.weight[before, token] = torch.eye(tokens)
        q, k, v = second.qkv.weight.chunk(3)
        q[token, token] = sharp * torch.eye(tokens)
        k[token, before] = torch.eye(tokens)
    return model.eval()


def test_the_heads_of_an_induction_circuit_are_found():
    scores = head_scores(induction_model())
    assert scores.period == 12
    assert scores.previous_token[0, 0] > 0.9
    assert scores.induction[1, 0] > 0.9
    assert scores.induction[0, 0] < 0.1
    assert scores.previous_token[1, 0] < 0.1


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_random_weights_have_no_such_heads(layout):
    scores = head_scores(noisy(layout, max_seq_len=40, vocab=30))
    assert scores.induction.shape == (L, H)
    assert (scores.induction < 0.2).all()
    assert (scores.entropy <= highest_entropy(2 * scores.period) + 1e-6).all()


def test_scores_repeat_themselves_and_another_seed_gives_others():
    model = noisy()
    assert np.array_equal(head_scores(model).induction, head_scores(model).induction)
    assert not np.array_equal(head_scores(model).induction, head_scores(model, seed=1).induction)


def test_a_window_of_three_tokens_cannot_be_scored():
    with pytest.raises(ValueError, match="two tokens can stand twice"):
        head_scores(noisy(max_seq_len=3))
