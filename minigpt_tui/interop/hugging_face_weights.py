"""The weights of both layouts under the names that Hugging Face's models give them, and back.

The classic layout is a `GPT2LMHeadModel`, whose linear layers hold their matrices the other way
round (`Conv1D`). The modern one is a `Qwen3ForCausalLM`, which keeps apart what is one matrix here:
queries, keys and values, and the gate of the feed-forward part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from minigpt_tui.config import ModelConfig
from minigpt_tui.planning.parameters import parameter_shapes

if TYPE_CHECKING:
    from torch import Tensor

Weights = Mapping[str, "Tensor"]

HEAD = "lm_head.weight"
_OUTER: dict[str, dict[str, tuple[str, ...]]] = {
    "gpt2": {
        "token_embedding": ("transformer.wte",),
        "position_embedding": ("transformer.wpe",),
        "final_norm": ("transformer.ln_f",),
        "head": ("lm_head",),
    },
    "qwen3": {
        "token_embedding": ("model.embed_tokens",),
        "final_norm": ("model.norm",),
        "head": ("lm_head",),
    },
}
_BLOCK = {"gpt2": "transformer.h", "qwen3": "model.layers"}
_INNER: dict[str, dict[str, tuple[str, ...]]] = {
    "gpt2": {
        "norm_1": ("ln_1",),
        "attention.qkv": ("attn.c_attn",),
        "attention.out": ("attn.c_proj",),
        "norm_2": ("ln_2",),
        "feed_forward.up": ("mlp.c_fc",),
        "feed_forward.down": ("mlp.c_proj",),
    },
    "qwen3": {
        "norm_1": ("input_layernorm",),
        "attention.qkv": ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"),
        "attention.q_norm": ("self_attn.q_norm",),
        "attention.k_norm": ("self_attn.k_norm",),
        "attention.out": ("self_attn.o_proj",),
        "norm_2": ("post_attention_layernorm",),
        "feed_forward.gate_up": ("mlp.gate_proj", "mlp.up_proj"),
        "feed_forward.down": ("mlp.down_proj",),
    },
}
# What older files of GPT-2 hold beside the weights: the triangle of the causal mask.
_NO_WEIGHTS = (".attn.bias", ".attn.masked_bias", "rotary_emb.inv_freq")


def to_hugging_face(own: Weights, model: ModelConfig) -> dict[str, Tensor]:
    """Our `state_dict` under their names, as fp32, each tensor dense and alone in its memory.

    A tied head has no tensor of its own there either.
    """
    theirs: dict[str, Tensor] = {}
    for name, weight in own.items():
        names = their_names(name, model.layout)
        for their_name, part in zip(names, weight.float().chunk(len(names)), strict=True):
            turned = part.T if _is_turned(name, model.layout) else part
            theirs[their_name] = turned.contiguous().clone()
    return theirs


def with_every_kv_head(theirs: Weights, model: ModelConfig, kv_heads: int) -> Weights:
    """Their weights with the keys and values of grouped heads (GQA, Ainslie et al. 2023) repeated.

    A head of theirs serves several of the queries' heads in a row; here each of those has its own
    with the same numbers, which computes the same. Raises ValueError, in words that go on from the
    file's name.
    """
    if kv_heads == model.n_heads:
        return theirs
    shape = (kv_heads, model.d_model // model.n_heads, model.d_model)
    repeated = {}
    for name, weight in theirs.items():
        if name.endswith((".k_proj.weight", ".v_proj.weight")):
            expected = [shape[0] * shape[1], shape[2]]
            if list(weight.shape) != expected:
                raise ValueError(
                    f"holds the weight {name} with the shape {list(weight.shape)}; its "
                    f"configuration asks for {expected}"
                )
            heads = weight.view(shape).repeat_interleave(model.n_heads // kv_heads, dim=0)
            repeated[name] = heads.reshape(model.d_model, model.d_model)
    return {**theirs, **repeated}


def from_hugging_face(theirs: Weights, model: ModelConfig, vocab_size: int) -> dict[str, Tensor]:
    """Their weights as the `state_dict` of our model.

    Raises ValueError, in words that go on from the file's name, where a weight is missing, left
    over, not finite or of another shape than the configuration says.
    """
    import torch

    shapes = parameter_shapes(model, vocab_size)
    given = {_full_name(n, model.layout): w for n, w in theirs.items() if not _is_no_weight(n)}
    if model.head == "tied":  # some programs write it a second time
        given.pop(HEAD, None)
    own: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        names = their_names(name, model.layout)
        for missing in (their_name for their_name in names if their_name not in given):
            raise ValueError(f"has no weight {missing}, which its configuration asks for")
        turn = _is_turned(name, model.layout)
        parts = [given.pop(their_name) for their_name in names]
        per_part = (shape[0] // len(names), *shape[1:])
        for their_name, part in zip(names, parts, strict=True):
            expected = per_part[::-1] if turn else per_part
            if tuple(part.shape) != expected:
                raise ValueError(
                    f"holds the weight {their_name} with the shape {list(part.shape)}; its "
                    f"configuration asks for {list(expected)}"
                )
            if not part.dtype.is_floating_point:
                raise ValueError(f"holds the weight {their_name} as {part.dtype}: not as numbers")
        own[name] = torch.cat([part.float().T if turn else part.float() for part in parts])
        own[name] = own[name].contiguous()
        if not bool(torch.isfinite(own[name]).all()):
            raise ValueError(f"holds numbers in the weight {names[0]} that are not finite")
    if given:
        raise ValueError(f"holds weights that this layout does not have, {min(given)[:60]} first")
    return own


def their_names(name: str, layout: str) -> tuple[str, ...]:
    """What one of our weights is called there; several names share its rows evenly."""
    part, kind = name.rsplit(".", 1)
    if part.startswith("blocks."):
        _, layer, inner = part.split(".", 2)
        names = tuple(f"{_BLOCK[layout]}.{layer}.{theirs}" for theirs in _INNER[layout][inner])
    else:
        names = _OUTER[layout][part]
    return tuple(f"{their_name}.{kind}" for their_name in names)


def _is_turned(name: str, layout: str) -> bool:
    return layout == "gpt2" and name.startswith("blocks.") and name.endswith(_MATRICES)


_MATRICES = tuple(f"{part}.weight" for part in _INNER["gpt2"] if "norm" not in part)


def _is_no_weight(name: str) -> bool:
    return name.endswith(_NO_WEIGHTS)


def _full_name(name: str, layout: str) -> str:
    """A model saved without its head lacks the prefix in every name."""
    prefix = {"gpt2": "transformer.", "qwen3": "model."}[layout]
    return name if name.startswith((prefix, "lm_head.")) else prefix + name
