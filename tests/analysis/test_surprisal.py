"""Surprisal is that of the model's own probabilities, and losses by kind add up to the loss."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from minigpt_tui.analysis.sample import mean_loss, sample_windows, score
from minigpt_tui.analysis.surprisal import (
    loss_by_class,
    loss_by_position,
    surprisal,
    token_class,
)
from minigpt_tui.inference.evaluation import evaluate
from minigpt_tui.text.cancel import CancelledError
from tests.analysis.models import EVERY, V, noisy, some_ids
from tests.inference.models import tokenizer_of


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_bits_entropy_and_rank_are_those_of_the_distribution(layout, head):
    model, ids = noisy(layout, head), some_ids(9)
    found = surprisal(model, ids)
    with torch.no_grad():
        p = model(torch.tensor([ids[:-1]]))[0].double().softmax(-1)
    for i, target in enumerate(ids[1:]):
        assert found.bits[i] == pytest.approx(-math.log2(p[i, target]), abs=1e-5)
        assert found.entropy[i] == pytest.approx(-(p[i] * p[i].log2()).sum().item(), abs=1e-5)
        assert p[i].argsort(descending=True)[found.rank[i] - 1] == target
        assert found.expected[i] == p[i].argmax()


def test_the_mean_over_what_a_token_could_be_is_the_entropy():
    ids = some_ids(4)
    each = [surprisal(noisy(), [*ids, i]) for i in range(V)]
    bits = np.array([one.bits[-1] for one in each])
    assert (2**-bits).sum() == pytest.approx(1)
    assert (2**-bits * bits).sum() == pytest.approx(each[0].entropy[-1])
    assert sorted(one.rank[-1] for one in each) == list(range(1, V + 1))


@pytest.mark.parametrize("n", [0, 1])
def test_where_nothing_is_predicted_nothing_surprises(n):
    assert surprisal(noisy(), some_ids(8)[:n]).bits.shape == (0,)


def text(n: int) -> np.ndarray:
    return np.array(some_ids(n), dtype=np.uint16)


def test_windows_are_whole_and_spread_over_the_text():
    windows = sample_windows(text(8 * 100 + 5), 8, most_targets=80)
    assert windows.shape == (10, 9)
    assert windows[0].tolist() == text(805)[:9].tolist()
    assert windows[-1].tolist() == text(805)[-13:-4].tolist()
    assert sample_windows(text(5), 8).tolist() == [text(5).tolist()]
    with pytest.raises(ValueError, match="no token to predict"):
        sample_windows(text(1), 8)


def test_the_sample_of_a_whole_text_has_the_loss_that_evaluation_measures():
    model, ids = noisy(), text(8 * 20 + 1)
    windows = sample_windows(ids, 8)
    measured = evaluate(model, ids, 4, characters=160, bytes=160, unknown_bytes=0)
    assert measured is not None
    assert score(model, windows).nats.mean() == pytest.approx(measured.val_loss, abs=1e-6)
    assert mean_loss(model, windows) == pytest.approx(measured.val_loss, abs=1e-6)


def test_each_target_is_scored_at_its_place():
    model = noisy("qwen3")
    windows = sample_windows(text(50), 8)
    scored = score(model, windows)
    with torch.no_grad():
        logits = model(windows[:, :-1])
    nats = F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten(), reduction="none")
    assert np.allclose(scored.nats, nats, atol=1e-5)
    assert np.allclose(scored.confidence, logits.softmax(-1).amax(-1).flatten(), atol=1e-6)
    assert scored.correct.tolist() == (logits.argmax(-1) == windows[:, 1:]).flatten().tolist()
    by_position = loss_by_position(scored)
    assert np.allclose(by_position.nats, nats.view(-1, 8).mean(0), atol=1e-5)
    assert by_position.targets.tolist() == [len(windows)] * 8


def test_scoring_can_be_called_off():
    with pytest.raises(CancelledError):
        score(noisy(), sample_windows(text(50), 8), should_stop=lambda: True)


def test_losses_by_class_add_up_to_the_loss():
    tokenizer = tokenizer_of("a b1.\n", "char")  # special, white space, letters, digits, a point
    model = noisy(vocab=tokenizer.vocab_size)
    ids = np.array([1, *tokenizer.encode("ab 1.\nba.1 " * 5)])
    scored = score(model, sample_windows(ids, 8))
    found = loss_by_class(scored, tokenizer)
    assert {one.name for one in found} == {"white space", "letters", "digits", "punctuation"}
    assert sum(one.targets for one in found) == len(scored.nats)
    assert sum(one.share for one in found) == pytest.approx(1)
    total = sum(one.nats * one.targets for one in found)
    assert total == pytest.approx(scored.nats.sum())
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("<EOT>", "special"),
        ("\n", "white space"),
        (" cat", "letters"),
        ("ß", "letters"),
        (" 12", "digits"),
        (" —", "punctuation"),
        ("it's", "mixed"),
        ("a1", "mixed"),
    ],
)
def test_a_token_is_of_the_class_of_its_characters(token, kind):
    assert token_class(token) == kind
