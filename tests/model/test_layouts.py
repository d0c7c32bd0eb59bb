"""What may be relied on in every layout of the transformer, and what is particular to one."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

from minigpt_tui.config import ModelConfig, RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.model.build import build_model
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.planning.parameters import parameter_shapes
from minigpt_tui.runs.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from minigpt_tui.settings import check

VOCAB_SIZE = 11
EVERY = [(layout, head) for layout in ("gpt2", "qwen3") for head in ("untied", "tied")]


def shape(layout: str = "qwen3", head: str = "untied") -> ModelConfig:
    return ModelConfig(
        layout=layout, head=head, d_model=16, n_heads=2, n_layers=2, d_ff=24, max_seq_len=8
    )


def drawn(config: ModelConfig, seed: int = 0) -> LanguageModel:
    model = build_model(config, VOCAB_SIZE)
    model.init_weights(torch.Generator().manual_seed(seed))
    return model.eval()


def noisy(config: ModelConfig) -> LanguageModel:
    """A model in which every weight matters: nothing is zero or one."""
    model, generator = drawn(config), torch.Generator().manual_seed(5)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn(parameter.shape, generator=generator))
    return model


def ids(batch: int = 3, length: int = 8) -> torch.Tensor:
    return torch.randint(VOCAB_SIZE, (batch, length), generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_an_untrained_model_guesses_evenly(layout, head):
    logits = drawn(shape(layout, head))(ids(32))
    loss = F.cross_entropy(logits.flatten(0, 1), ids(32).roll(1).flatten())
    assert loss.item() == pytest.approx(math.log(VOCAB_SIZE), rel=0.1)


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_a_later_token_changes_nothing_before_it(layout, head):
    model, other = noisy(shape(layout, head)), ids()
    other[:, 5] = (other[:, 5] + 1) % VOCAB_SIZE
    before, after = model(ids()), model(other)
    assert torch.allclose(before[:, :5], after[:, :5], atol=1e-6)
    assert not torch.allclose(before[:, 5:], after[:, 5:], atol=1e-3)


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_the_order_of_the_tokens_before_matters(layout, head):
    model, swapped = noisy(shape(layout, head)), ids()
    swapped[:, [0, 1]] = swapped[:, [1, 0]]
    rows = swapped[:, 0] != swapped[:, 1]
    assert not torch.allclose(model(ids())[rows, -1], model(swapped)[rows, -1], atol=1e-4)


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_every_weight_learns(layout, head):
    model = noisy(shape(layout, head)).train()
    F.cross_entropy(model(ids()).flatten(0, 1), ids().flatten()).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_under_autocast_it_computes_nearly_the_same(layout, head):
    model = noisy(shape(layout, head))
    exact = model(ids())
    with torch.autocast("cpu", torch.bfloat16):
        rounded = model(ids())
    assert rounded.dtype == torch.bfloat16
    assert (rounded - exact).norm() < 0.05 * exact.norm()


@pytest.mark.parametrize(("layout", "head"), EVERY)
def test_a_checkpoint_holds_each_weight_once_and_brings_the_model_back(layout, head, tmp_path):
    config = shape(layout, head)
    model, path = noisy(config), tmp_path / "model.pt"
    state = model.state_dict()
    assert {name: tuple(weight.shape) for name, weight in state.items()} == parameter_shapes(
        config, VOCAB_SIZE
    )
    saved = Checkpoint(state, "{}", {"model": dataclasses.asdict(config)}, {}, VOCAB_SIZE)
    save_checkpoint(path, saved)
    loaded = load_checkpoint(path)
    with torch.device("meta"):
        again = build_model(from_dict(loaded.config).model, loaded.vocab_size)
    again.load_state_dict(loaded.model_state, assign=True)
    assert not any(t.is_meta for t in [*again.parameters(), *again.buffers()])
    assert torch.equal(again.eval()(ids()), model(ids()))


@pytest.mark.parametrize("layout", ["gpt2", "qwen3"])
def test_a_tied_head_reads_with_the_embedding(layout):
    model = noisy(shape(layout, "tied"))
    assert model.head is None
    x = torch.randn(1, 2, 16, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(model.unembed(x), x @ model.token_embedding.weight.T)


def test_a_configuration_from_before_there_were_layouts_is_the_classic():
    model = from_dict({"model": {"d_model": 8}}).model
    assert (model.layout, model.head) == ("gpt2", "untied")


def test_a_head_of_odd_width_cannot_be_rotated():
    odd = ModelConfig(layout="qwen3", d_model=6, n_heads=2)
    with pytest.raises(ValueError, match="must be even, not 3"):
        check(RunConfig(model=odd))
    check(RunConfig(model=dataclasses.replace(odd, layout="gpt2")))


def test_the_modern_blocks_are_the_identity_at_first():
    model = drawn(shape("qwen3"))
    x = torch.randn(1, 4, 16, generator=torch.Generator().manual_seed(0))
    for block in model.blocks:
        assert torch.equal(block(x, model.cos[:4], model.sin[:4]), x)


def test_the_modern_layout_has_no_biases():
    assert not any(name.endswith("bias") for name in drawn(shape("qwen3")).state_dict())
