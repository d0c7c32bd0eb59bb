"""Every parameter is updated by exactly one rule, and the optimizer's state survives a file."""

from __future__ import annotations

import io

import pytest
import torch

from minigpt_tui.config import ModelConfig, TrainingConfig
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.training.optimizer import MuonAndAdamW, Optimizer, build_optimizer

EVERY = [
    (optimizer, layout, head)
    for optimizer in ("adam", "adamw", "muon")
    for layout in ("gpt2", "qwen3")
    for head in ("untied", "tied")
]


def small_model(layout: str = "qwen3", head: str = "untied") -> LanguageModel:
    config = ModelConfig(
        layout=layout, head=head, d_model=8, n_heads=2, n_layers=2, d_ff=12, max_seq_len=6
    )
    model = build_model(config, 7)
    model.init_weights(torch.Generator().manual_seed(0))
    return model


def take_step(model: LanguageModel, optimizer: Optimizer, step: int) -> None:
    for index, parameter in enumerate(model.parameters()):
        generator = torch.Generator().manual_seed(100 * step + index)
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)


@pytest.mark.parametrize(("name", "layout", "head"), EVERY)
def test_each_parameter_is_in_one_group_and_is_moved(name, layout, head):
    model = small_model(layout, head)
    optimizer = build_optimizer(model, TrainingConfig(optimizer=name))
    grouped = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(map(id, model.parameters()))
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    take_step(model, optimizer, 0)
    for parameter_name, parameter in model.named_parameters():
        assert not torch.equal(before[parameter_name], parameter), parameter_name
    assert all(parameter.grad is None for parameter in model.parameters())


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_muon_takes_the_matrices_of_the_blocks_alone(layout):
    model = small_model(layout)
    optimizer = build_optimizer(model, TrainingConfig(optimizer="muon"))
    assert isinstance(optimizer, MuonAndAdamW)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    taken = {names[id(p)] for group in optimizer.muon.param_groups for p in group["params"]}
    matrices = {"gpt2": ("qkv", "out", "up", "down"), "qwen3": ("qkv", "out", "gate_up", "down")}
    assert len(taken) == 2 * 4
    for name in taken:
        assert name.split(".")[-2] in matrices[layout]


@pytest.mark.parametrize("name", ["adamw", "muon"])
def test_biases_norms_and_embeddings_are_never_decayed(name):
    model = small_model("gpt2")
    optimizer = build_optimizer(model, TrainingConfig(optimizer=name, weight_decay=0.5))
    decay = {
        id(p): group["weight_decay"] for group in optimizer.param_groups for p in group["params"]
    }
    for parameter_name, parameter in model.named_parameters():
        spared = "norm" in parameter_name or "embedding" in parameter_name
        spared = spared or parameter_name.endswith("bias")
        assert decay[id(parameter)] == (0.0 if spared else 0.5), parameter_name


@pytest.mark.parametrize(("name", "layout", "head"), EVERY)
def test_its_state_goes_through_a_file_and_takes_up_bit_for_bit(name, layout, head):
    training = TrainingConfig(optimizer=name)
    whole = small_model(layout, head)
    optimizer = build_optimizer(whole, training)
    for step in range(2):
        take_step(whole, optimizer, step)
    file = io.BytesIO()
    torch.save({"model": whole.state_dict(), "optimizer": optimizer.state_dict()}, file)
    take_step(whole, optimizer, 2)

    file.seek(0)
    saved = torch.load(file, weights_only=True)
    resumed = small_model(layout, head)
    resumed.load_state_dict(saved["model"])
    optimizer = build_optimizer(resumed, training)
    optimizer.load_state_dict(saved["optimizer"])
    take_step(resumed, optimizer, 2)
    for own, other in zip(whole.parameters(), resumed.parameters(), strict=True):
        assert torch.equal(own, other)


def test_a_resume_keeps_the_precision_in_which_the_run_began():
    model = small_model()
    training = TrainingConfig(optimizer="muon")
    saved = build_optimizer(model, training).state_dict()
    for group in saved["muon"]["param_groups"]:
        group["precision"] = "float32"
    optimizer = build_optimizer(model, training)
    optimizer.load_state_dict(saved)
    assert isinstance(optimizer, MuonAndAdamW)
    assert {group["precision"] for group in optimizer.muon.param_groups} == {"float32"}


@pytest.mark.parametrize("name", ["adam", "adamw", "muon"])
def test_every_group_knows_its_share_of_the_learning_rate(name):
    optimizer = build_optimizer(small_model(), TrainingConfig(optimizer=name))
    assert all(0 < group["lr_scale"] <= 1 for group in optimizer.param_groups)
