"""Looking at a model leaves it, and the generator of the training, as they were."""

from __future__ import annotations

import pytest
import torch

from minigpt_tui.analysis import forward
from minigpt_tui.analysis.attention import head_scores
from minigpt_tui.analysis.forward import one_window, pieces, run
from minigpt_tui.analysis.lens import logit_lens
from tests.analysis.models import broken, noisy, some_ids


@pytest.mark.parametrize("training", [True, False])
def test_a_model_in_training_is_read_without_dropout_and_put_back(training):
    model = noisy()
    still = run(model, one_window(some_ids()))
    model.train(training)
    before = torch.random.get_rng_state()
    assert torch.equal(run(model, one_window(some_ids())), still)
    head_scores(model)
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(module.training is training for module in model.modules())


def test_a_diverged_model_is_a_sentence():
    with pytest.raises(ValueError, match="its training diverged"):
        logit_lens(broken(), some_ids())


def test_many_windows_go_through_in_pieces(monkeypatch):
    windows = torch.arange(30).view(10, 3) % 11
    monkeypatch.setattr(forward, "MAX_NUMBERS", 4 * 3 * 24)  # d_ff is 24
    found = list(pieces(noisy(), windows))
    assert [len(piece) for piece in found] == [4, 4, 2]
    assert torch.equal(torch.cat(found), windows)
