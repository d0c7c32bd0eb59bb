"""Patching a prompt with itself changes nothing; patching everything makes it the other."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from minigpt_tui.analysis import forward
from minigpt_tui.analysis.patching import patched_logits, patching
from minigpt_tui.text.cancel import CancelledError
from tests.analysis.models import EVERY, H, L, T, V, noisy, some_ids

ONE, OTHER = some_ids(), some_ids(seed=2)


def logits(model, ids):
    with torch.no_grad():
        return model(torch.tensor([ids]))[0]


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_with_itself_nothing_changes(layout, head):
    model = noisy(layout, head)
    names = [f"blocks.{layer}.attn.hook_{part}" for layer in range(L) for part in "qkvz"]
    assert torch.allclose(patched_logits(model, ONE, ONE, names), logits(model, ONE), atol=1e-5)
    found = patching(model, ONE, ONE)
    assert found.minus is None
    for values in (found.stream, found.heads):
        assert np.allclose(values, found.source, atol=1e-5)
    assert found.target == pytest.approx(found.source)


@pytest.mark.parametrize("place", ["blocks.0.hook_resid_pre", "blocks.1.hook_resid_post"])
@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_patching_everything_gives_the_other_prompts_logits(layout, head, place):
    model = noisy(layout, head)
    patched = patched_logits(model, ONE, OTHER, [place])
    assert torch.allclose(patched, logits(model, OTHER), atol=1e-5)


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_values_are_logit_differences_after_one_patch(layout):
    model = noisy(layout)
    found = patching(model, ONE, OTHER, token=3, minus=5)
    source, target = logits(model, OTHER)[-1], logits(model, ONE)[-1]
    assert found.source == pytest.approx((source[3] - source[5]).item(), abs=1e-5)
    assert found.target == pytest.approx((target[3] - target[5]).item(), abs=1e-5)
    assert (found.stream.shape, found.heads.shape) == ((L, T), (L, H))
    # Before the first layer the stream at a position is its token: patched, it is exchanged.
    for t in range(T):
        exchanged = [*ONE[:t], OTHER[t], *ONE[t + 1 :]]
        last = logits(model, exchanged)[-1]
        assert found.stream[0, t] == pytest.approx((last[3] - last[5]).item(), abs=1e-5)


def test_a_model_of_one_head_is_carried_by_it():
    model = noisy(n_heads=1)
    found = patching(model, ONE, OTHER, token=3, minus=5)
    for layer in range(L):
        last = patched_logits(model, ONE, OTHER, [f"blocks.{layer}.attn.hook_z"])[-1]
        assert found.heads[layer, 0] == pytest.approx((last[3] - last[5]).item(), abs=1e-5)


def test_answers_are_what_the_prompts_make_most_probable():
    model = noisy()
    found = patching(model, ONE, OTHER)
    best, own = logits(model, OTHER)[-1].argmax().item(), logits(model, ONE)[-1].argmax().item()
    assert found.token == best
    assert found.minus == (own if own != best else None)


def test_pieces_make_no_difference(monkeypatch):
    whole = patching(noisy(), ONE, OTHER)
    monkeypatch.setattr(forward, "MAX_NUMBERS", 2 * T * 24)
    assert np.allclose(patching(noisy(), ONE, OTHER).stream, whole.stream, atol=1e-6)


def test_positions_before_the_first_difference_bring_nothing():
    model, later = noisy(), [*ONE[:4], *OTHER[4:]]
    assert ONE[4] != OTHER[4]
    found = patching(model, ONE, later, token=3, minus=5)
    assert (found.stream[:, :4] == found.target).all()
    assert abs(found.stream[0, 4] - found.target) > 1e-4


@pytest.mark.parametrize("answers", [(V, None), (3, V), (-1, 3)])
def test_answers_that_do_not_exist_are_refused(answers):
    with pytest.raises(ValueError, match="There is no token"):
        patching(noisy(), ONE, OTHER, *answers)


def test_it_can_be_called_off():
    with pytest.raises(CancelledError):
        patching(noisy(), ONE, OTHER, should_stop=lambda: True)


def test_prompts_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="equal length"):
        patching(noisy(), ONE, OTHER[:-1])
