"""Replacing a part changes the loss by what the part was worth, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from minigpt_tui.analysis.ablation import Part, ablation, all_parts, mean_activations, without
from minigpt_tui.analysis.forward import recorded, run
from minigpt_tui.analysis.sample import mean_loss
from minigpt_tui.text.cancel import CancelledError
from tests.analysis.models import EVERY, H, L, noisy, some_ids


def windows(rows: int = 3, length: int = 8) -> torch.Tensor:
    return torch.tensor([some_ids(length + 1, seed=row) for row in range(rows)])


@pytest.mark.parametrize(("layout", "head"), EVERY)
@pytest.mark.parametrize("way", ["zero", "mean"])
def test_every_part_of_a_model_that_uses_it_matters(layout, head, way):
    model = noisy(layout, head)
    parts = all_parts(model)
    found = ablation(model, windows(), parts, way)
    assert len(set(map(str, parts))) == len(parts) == L * (3 + H)
    assert found.loss == pytest.approx(mean_loss(model, windows()))
    assert (np.abs(found.changes) > 1e-5).all()
    assert found.targets == 24


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
@pytest.mark.parametrize("way", ["zero", "mean"])
def test_a_head_whose_output_nobody_reads_is_worth_nothing(layout, way):
    model = noisy(layout)
    with torch.no_grad():
        d_head = 16 // H
        model.blocks[1].attention.out.weight[:, d_head : 2 * d_head] = 0
    dead, alive = Part("head", 1, 1), Part("head", 1, 0)
    found = ablation(model, windows(), [dead, alive], way)
    assert found.changes[0] == pytest.approx(0, abs=1e-6)
    assert abs(found.changes[1]) > 1e-4


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_a_layer_set_to_zero_is_a_model_without_it(layout):
    model, shorter = noisy(layout), noisy(layout)
    with torch.no_grad():
        for branch in (shorter.blocks[1].attention.out, shorter.blocks[1].feed_forward.down):
            for parameter in branch.parameters():
                parameter.zero_()
    (change,) = ablation(model, windows(), [Part("layer", 1)], "zero").changes
    expected = mean_loss(shorter, windows()) - mean_loss(model, windows())
    assert change == pytest.approx(expected, abs=1e-5)


def test_means_are_over_all_windows_and_positions():
    model = noisy()
    means = mean_activations(model, windows())
    seen, _ = recorded(model, windows()[:, :-1], lambda name: True)
    assert len(means) == 3 * L
    for name, mean in means.items():
        assert torch.allclose(mean.float(), seen[name].mean((0, 1)), atol=1e-6)


def test_a_head_is_replaced_alone():
    model, inputs = noisy(), windows()[:, :-1]
    means = mean_activations(model, windows())
    before, _ = recorded(model, inputs, lambda name: True)
    tap, after = without(Part("head", 0, 1), means), {}

    def both(name, x):
        edited = tap(name, x)
        after[name] = x if edited is None else edited
        return edited

    run(model, inputs, both)
    z = "blocks.0.attn.hook_z"
    assert torch.equal(after[z][:, :, 0], before[z][:, :, 0])
    assert torch.allclose(after[z][:, :, 1], means[z][1].float().expand(3, 8, -1))


def test_means_may_come_from_another_text():
    model, part = noisy(), [Part("mlp", 0)]
    own = ablation(model, windows(1), part).changes
    others = ablation(model, windows(1), part, reference=windows(20)).changes
    assert own[0] != pytest.approx(others[0], abs=1e-6)


def test_another_way_is_refused_and_a_long_search_can_be_called_off():
    with pytest.raises(ValueError, match="mean or by zero"):
        ablation(noisy(), windows(), [], "noise")
    with pytest.raises(CancelledError):
        ablation(noisy(), windows(), [Part("mlp", 0)], should_stop=lambda: True)
