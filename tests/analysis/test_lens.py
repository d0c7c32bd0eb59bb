"""The logit lens ends in the model's own logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from minigpt_tui.analysis.lens import lens_logits, logit_lens
from tests.analysis.models import EVERY, L, T, noisy, some_ids


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_the_last_row_is_what_the_model_says(layout, head):
    model = noisy(layout, head)
    with torch.no_grad():
        logits = model(torch.tensor([some_ids()]))[0]
    *_, (place, last) = lens_logits(model, some_ids())
    assert place == f"blocks.{L - 1}.hook_resid_post"
    assert torch.allclose(last, logits, atol=1e-5)
    lens = logit_lens(model, some_ids())
    p = logits.double().softmax(-1).numpy()
    assert lens.top[-1].tolist() == p.argmax(-1).tolist()
    assert np.allclose(lens.probability[-1], p.max(-1), atol=1e-6)
    assert lens.final_rank[-1].tolist() == [1] * T
    assert np.allclose(lens.kl[-1], 0, atol=1e-9)


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_every_row_describes_its_own_logits(layout, head):
    model = noisy(layout, head)
    lens = logit_lens(model, some_ids())
    rows = list(lens_logits(model, some_ids()))
    end = rows[-1][1].double().softmax(-1)
    assert lens.places == tuple(place for place, _ in rows)
    for row, (_, logits) in enumerate(rows):
        p = logits.double().softmax(-1)
        kl = (end * (end.log2() - p.log2())).sum(-1)
        assert np.allclose(lens.kl[row], kl, atol=1e-6)
        for t in range(T):
            order = p[t].argsort(descending=True).tolist()
            final = int(end[t].argmax())
            assert lens.top[row, t] == order[0]
            assert lens.final_rank[row, t] == 1 + order.index(final)
            assert lens.final_probability[row, t] == pytest.approx(p[t, final].item())


def test_layers_that_add_nothing_say_what_the_embedding_says():
    model = noisy("qwen3")
    with torch.no_grad():
        for block in model.blocks:
            block.attention.out.weight.zero_()
            block.feed_forward.down.weight.zero_()
    lens = logit_lens(model, some_ids())
    assert (lens.top == lens.top[-1]).all()
    assert np.allclose(lens.kl, 0, atol=1e-9)


def test_one_token_has_a_lens():
    assert logit_lens(noisy(), some_ids(1)).top.shape == (L + 1, 1)
