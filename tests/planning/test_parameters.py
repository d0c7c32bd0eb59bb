"""What the program says of a model's size before it is built, against the model itself."""

from __future__ import annotations

import math

import pytest

from minigpt_tui.config import ModelConfig
from minigpt_tui.planning.parameters import parameter_count, parameter_counts, parameter_shapes


@pytest.mark.parametrize(
    ("model", "vocab_size"),
    [
        (ModelConfig(d_model=8, n_heads=2, n_layers=1, d_ff=12, max_seq_len=5), 7),
        (ModelConfig(d_model=12, n_heads=3, n_layers=3, d_ff=48, max_seq_len=9), 31),
        (ModelConfig(layout="qwen3", d_model=12, n_heads=3, n_layers=2, d_ff=20), 31),
        (ModelConfig(layout="qwen3", head="tied", d_model=8, n_heads=2, n_layers=1, d_ff=6), 9),
        (ModelConfig(layout="gpt2", head="tied", d_model=8, n_heads=2, n_layers=1, d_ff=6), 9),
    ],
)
def test_shapes_are_those_of_the_model(model: ModelConfig, vocab_size: int) -> None:
    from minigpt_tui.model.build import build_model

    state = build_model(model, vocab_size).state_dict()

    shapes = parameter_shapes(model, vocab_size)
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == shapes
    assert list(state) == list(shapes)


def test_counts_by_part_add_up() -> None:
    model = ModelConfig(d_model=4, n_heads=1, n_layers=2, d_ff=10, max_seq_len=3)

    assert parameter_counts(model, 5) == {
        "token embedding": 5 * 4,
        "position embedding": 3 * 4,
        "attention": 2 * (12 * 4 + 12 + 4 * 4 + 4),
        "feed-forward": 2 * (10 * 4 + 10 + 4 * 10 + 4),
        "norms": 2 * 4 * 4 + 2 * 4,
        "output head": 5 * 4,
    }
    total = sum(math.prod(shape) for shape in parameter_shapes(model, 5).values())
    assert parameter_count(model, 5) == total


def test_counts_of_the_modern_layout_add_up() -> None:
    model = ModelConfig(layout="qwen3", d_model=4, n_heads=2, n_layers=2, d_ff=10, max_seq_len=3)

    assert parameter_counts(model, 5) == {
        "token embedding": 5 * 4,
        "position embedding": 0,
        "attention": 2 * (12 * 4 + 4 * 4),
        "feed-forward": 2 * (20 * 4 + 4 * 10),
        "norms": 2 * (4 + 2 + 2 + 4) + 4,
        "output head": 5 * 4,
    }


def test_a_tied_head_counts_once() -> None:
    untied = ModelConfig(layout="qwen3", d_model=4, n_heads=2)
    tied = ModelConfig(layout="qwen3", d_model=4, n_heads=2, head="tied")

    assert parameter_counts(tied, 100)["output head"] == 0
    assert parameter_count(untied, 100) - parameter_count(tied, 100) == 100 * 4


def test_the_default_model_has_about_three_million_parameters() -> None:
    assert 3.0e6 < parameter_count(ModelConfig(), 100) < 3.5e6
