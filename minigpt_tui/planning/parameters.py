"""What a configuration amounts to in weights: every tensor's name and shape, and counts by part.

The checkpoint check and the parameter counts both derive from `parameter_shapes`, so that the form,
the memory estimate and the file on disk speak of the same model.
"""

from __future__ import annotations

import math

from minigpt_tui.config import ModelConfig

Shape = tuple[int, ...]

_PART_OF_MODULE = {
    "token_embedding": "token embedding",
    "position_embedding": "position embedding",
    "attention": "attention",
    "feed_forward": "feed-forward",
    "head": "output head",
}


def parameter_shapes(model: ModelConfig, vocab_size: int) -> dict[str, Shape]:
    """The name and shape of every weight of the model, in the order of its `state_dict`.

    Linear weights are [out, in], as torch keeps them. A matrix counts as many parameters as the
    product of its shape. A tied head is the token embedding: it has no tensor of its own.
    """
    d = model.d_model
    shapes: dict[str, Shape] = {"token_embedding.weight": (vocab_size, d)}
    if model.layout == "gpt2":
        shapes["position_embedding.weight"] = (model.max_seq_len, d)
    block = _gpt2_block(model) if model.layout == "gpt2" else _qwen3_block(model)
    for layer in range(model.n_layers):
        shapes.update({f"blocks.{layer}.{name}": shape for name, shape in block.items()})
    shapes["final_norm.weight"] = (d,)
    if model.layout == "gpt2":
        shapes["final_norm.bias"] = (d,)
    if model.head == "untied":
        shapes["head.weight"] = (vocab_size, d)
    return shapes


def parameter_counts(model: ModelConfig, vocab_size: int) -> dict[str, int]:
    """Parameters by part of the model, in the order in which text passes through the parts.

    A part that the layout does not have counts 0; so does a head tied to the token embedding.
    """
    counts = dict.fromkeys(
        (
            "token embedding",
            "position embedding",
            "attention",
            "feed-forward",
            "norms",
            "output head",
        ),
        0,
    )
    for name, shape in parameter_shapes(model, vocab_size).items():
        counts[_part(name)] += math.prod(shape)
    return counts


def parameter_count(model: ModelConfig, vocab_size: int) -> int:
    """All parameters of the model together."""
    return sum(parameter_counts(model, vocab_size).values())


def _gpt2_block(model: ModelConfig) -> dict[str, Shape]:
    d, ff = model.d_model, model.d_ff
    return {
        "norm_1.weight": (d,),
        "norm_1.bias": (d,),
        "attention.qkv.weight": (3 * d, d),
        "attention.qkv.bias": (3 * d,),
        "attention.out.weight": (d, d),
        "attention.out.bias": (d,),
        "norm_2.weight": (d,),
        "norm_2.bias": (d,),
        "feed_forward.up.weight": (ff, d),
        "feed_forward.up.bias": (ff,),
        "feed_forward.down.weight": (d, ff),
        "feed_forward.down.bias": (d,),
    }


def _qwen3_block(model: ModelConfig) -> dict[str, Shape]:
    d, ff, d_head = model.d_model, model.d_ff, model.d_model // model.n_heads
    return {
        "norm_1.weight": (d,),
        "attention.qkv.weight": (3 * d, d),
        "attention.q_norm.weight": (d_head,),
        "attention.k_norm.weight": (d_head,),
        "attention.out.weight": (d, d),
        "norm_2.weight": (d,),
        "feed_forward.gate_up.weight": (2 * ff, d),
        "feed_forward.down.weight": (d, ff),
    }


def _part(name: str) -> str:
    """The part of the model that a weight belongs to."""
    if "norm" in name:
        return "norms"
    modules = name.split(".")
    return _PART_OF_MODULE[modules[2] if modules[0] == "blocks" else modules[0]]
