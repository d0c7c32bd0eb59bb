"""The parts of a logit add up to it, in every layout, for a token and for a difference."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from minigpt_tui.analysis.attribution import attribution
from tests.analysis.models import EVERY, L, T, V, noisy, some_ids


@pytest.mark.parametrize("by_head", [False, True])
@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_the_parts_sum_to_the_logit(layout, head, by_head):
    model = noisy(layout, head)
    with torch.no_grad():
        logits = model(torch.tensor([some_ids()]))[0]
    for position, token, minus in [(T - 1, 3, None), (2, 0, None), (-1, 5, 2), (0, 10, 0)]:
        found = attribution(model, some_ids(), token, minus, position=position, by_head=by_head)
        there = logits[position]
        expected = there[token] - (0 if minus is None else there[minus])
        assert found.total == pytest.approx(expected.item(), abs=1e-5)
        assert found.logits.sum() == pytest.approx(found.total, abs=1e-4)
        assert len(found.parts) == len(found.logits) == len(set(found.parts))


def test_parts_carry_the_labels_of_the_field():
    assert attribution(noisy("gpt2"), some_ids(), by_head=True).parts == (
        *("embed", "pos_embed"),
        *("L0H0", "L0H1", "0_attn_bias", "0_mlp_out"),
        *("L1H0", "L1H1", "1_attn_bias", "1_mlp_out", "constant"),
    )
    assert attribution(noisy("qwen3"), some_ids()).parts == (
        *("embed", "0_attn_out", "0_mlp_out", "1_attn_out", "1_mlp_out"),
    )


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_the_heads_of_a_layer_sum_to_what_it_adds(layout):
    model = noisy(layout)
    whole = attribution(model, some_ids(), 4)
    heads = attribution(model, some_ids(), 4, by_head=True)
    for layer in range(L):
        of_layer = [
            value
            for label, value in zip(heads.parts, heads.logits, strict=True)
            if label.startswith((f"L{layer}H", f"{layer}_attn"))
        ]
        expected = whole.logits[whole.parts.index(f"{layer}_attn_out")]
        assert sum(of_layer) == pytest.approx(expected, abs=1e-5)


def test_a_part_that_adds_nothing_is_given_nothing():
    model = noisy("qwen3")
    with torch.no_grad():
        model.blocks[0].attention.out.weight.zero_()
    found = attribution(model, some_ids(), 4)
    assert found.logits[found.parts.index("0_attn_out")] == 0
    assert np.abs(found.logits).sum() > 0


def test_the_difference_of_two_is_the_difference_of_their_parts():
    model = noisy()
    one, other = attribution(model, some_ids(), 4), attribution(model, some_ids(), 7)
    both = attribution(model, some_ids(), 4, 7)
    assert np.allclose(both.logits, one.logits - other.logits)


def test_without_a_token_the_most_probable_is_taken():
    model = noisy()
    with torch.no_grad():
        best = model(torch.tensor([some_ids(1)]))[0, -1].argmax().item()
    assert attribution(model, some_ids(1)).token == best


@pytest.mark.parametrize(
    "wrong", [{"token": V}, {"token": -1}, {"token": 1, "minus": V}, {"position": T}]
)
def test_what_does_not_exist_is_refused(wrong):
    with pytest.raises(ValueError, match="There is no"):
        attribution(noisy(), some_ids(), **wrong)
