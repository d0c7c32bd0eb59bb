"""A model's shape as the `config.json` of a Hugging Face folder, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigpt_tui.config import UNKNOWN_CORPUS, ModelConfig, RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.inference.layers import LAYER_NORM_EPSILON
from minigpt_tui.model.fused import NORM_EPSILON
from minigpt_tui.model.qwen3 import ROPE_THETA
from minigpt_tui.settings import check, with_settings
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID

ARCHITECTURES = {"gpt2": "GPT2LMHeadModel", "qwen3": "Qwen3ForCausalLM"}
OWN = "minigpt_tui"
"""The key under which our own configuration and the run's figures stand in their file."""

_NUMBERS = {
    "gpt2": {
        "d_model": "n_embd",
        "n_heads": "n_head",
        "n_layers": "n_layer",
        "d_ff": "n_inner",
        "max_seq_len": "n_positions",
    },
    "qwen3": {
        "d_model": "hidden_size",
        "n_heads": "num_attention_heads",
        "n_layers": "num_hidden_layers",
        "d_ff": "intermediate_size",
        "max_seq_len": "max_position_embeddings",
    },
}
_TANH_GELU = ("gelu_new", "gelu_pytorch_tanh")


def config_document(config: RunConfig, vocab_size: int, own: Mapping[str, Any]) -> dict[str, Any]:
    """The content of `config.json`; `own` is kept in it for our `import`, and they pass it by."""
    model = config.model
    shape = {theirs: getattr(model, ours) for ours, theirs in _NUMBERS[model.layout].items()}
    document: dict[str, Any] = {
        "model_type": model.layout,
        "architectures": [ARCHITECTURES[model.layout]],
        "vocab_size": vocab_size,
        **shape,
        "tie_word_embeddings": model.head == "tied",
        "bos_token_id": EOT_ID,
        "eos_token_id": EOT_ID,
        "pad_token_id": EOT_ID,
        "use_cache": True,
        # Version 4 of transformers reads torch_dtype, version 5 dtype.
        "dtype": "float32",
        "torch_dtype": "float32",
    }
    if model.layout == "gpt2":
        document |= {
            "n_ctx": model.max_seq_len,
            "activation_function": "gelu_new",
            "layer_norm_epsilon": LAYER_NORM_EPSILON,
            "resid_pdrop": model.dropout,
            "embd_pdrop": model.dropout,
            "attn_pdrop": 0.0,
        }
    else:
        document |= {
            "num_key_value_heads": model.n_heads,
            "head_dim": model.d_model // model.n_heads,
            "hidden_act": "silu",
            "rms_norm_eps": NORM_EPSILON,
            "attention_bias": False,
            "attention_dropout": 0.0,
            "use_sliding_window": False,
            "rope_theta": ROPE_THETA,
            "rope_parameters": {"rope_type": "default", "rope_theta": ROPE_THETA},
        }
    return {**document, OWN: dict(own)}


def generation_document(config: RunConfig) -> dict[str, Any]:
    """The content of `generation_config.json`: what `generate` does there unless it is told.

    It ends with the window, since learned positions end there, and never draws <UNK>, as here.
    """
    return {
        "bos_token_id": EOT_ID,
        "eos_token_id": EOT_ID,
        "pad_token_id": EOT_ID,
        "do_sample": True,
        "temperature": 0.8,
        "max_length": config.model.max_seq_len,
        "suppress_tokens": [UNK_ID],
    }


def config_from_document(document: Mapping[str, Any]) -> tuple[RunConfig, int]:
    """The configuration that a `config.json` describes, and the size of the vocabulary.

    Raises ValueError, in words that go on from the file's name, for another kind of model, and
    for whatever our layouts compute differently.
    """
    layout = document.get("model_type")
    if layout not in _NUMBERS:
        raise ValueError(
            f"describes a model of the type “{visible(str(layout)[:40])}”: only gpt2 and qwen3 "
            "can be imported"
        )
    assert isinstance(layout, str)
    vocab_size = _whole_number(document, "vocab_size")
    own = document.get(OWN)
    plain = own.get("config") if isinstance(own, Mapping) else None
    try:
        elsewhere = with_settings(RunConfig(), {"corpus": UNKNOWN_CORPUS})
        base = elsewhere if plain is None else from_dict(plain)
    except ValueError as error:
        raise ValueError(f"has settings that are wrong ({str(error).rstrip('.')})") from error
    numbers = {ours: _whole_number(document, name) for ours, name in _numbers(document, layout)}
    if "d_ff" not in numbers:
        numbers["d_ff"] = 4 * numbers["d_model"]
    changes: dict[str, Any] = {"layout": layout, "head": _head(document), **numbers}
    if plain is None:
        dropout = document.get("resid_pdrop", 0.0)
        changes["dropout"] = float(dropout) if isinstance(dropout, int | float) else 0.0
    try:
        config = check(with_settings(base, changes))
    except ValueError as error:
        raise ValueError(f"describes no model that fits here ({str(error).rstrip('.')})") from error
    _refuse_other_arithmetic(document, config.model)
    return config, vocab_size


def kv_heads(document: Mapping[str, Any], model: ModelConfig) -> int:
    """How many heads of keys and values it has; each serves as many of the queries' heads.

    Raises ValueError, in words that go on from the file's name.
    """
    if model.layout == "gpt2":
        return model.n_heads
    heads = _whole_number({"num_key_value_heads": 32, **document}, "num_key_value_heads")
    if model.n_heads % heads:
        raise ValueError(
            f"has {model.n_heads} heads of queries, which {heads} heads of keys and values "
            "(num_key_value_heads) cannot share evenly"
        )
    return heads


def _numbers(document: Mapping[str, Any], layout: str) -> list[tuple[str, str]]:
    """Our names and theirs of the numbers that are given; GPT-2 may leave n_inner open."""
    names = _NUMBERS[layout].items()
    return [(o, t) for o, t in names if t != "n_inner" or document.get(t) is not None]


def _head(document: Mapping[str, Any]) -> str:
    tied = document.get("tie_word_embeddings", document["model_type"] == "gpt2")
    return "tied" if tied is True else "untied"


def _whole_number(document: Mapping[str, Any], name: str) -> int:
    value = document.get(name)
    if type(value) is not int or not 1 <= value <= 10_000_000:
        raise ValueError(f"has no sensible “{name}”")
    return value


def _refuse_other_arithmetic(document: Mapping[str, Any], model: ModelConfig) -> None:
    """What is not said has the value that their configuration gives it."""
    theirs: dict[str, tuple[Any, tuple[Any, ...]]]
    if model.layout == "gpt2":
        theirs = {
            "activation_function": ("gelu_new", _TANH_GELU),
            "layer_norm_epsilon": (1e-5, (LAYER_NORM_EPSILON,)),
            "scale_attn_weights": (True, (True,)),
            "scale_attn_by_inverse_layer_idx": (False, (False,)),
            "add_cross_attention": (False, (False,)),
        }
    else:
        rope = document.get("rope_parameters") or document.get("rope_scaling") or {}
        if not isinstance(rope, Mapping):
            raise ValueError("has no sensible “rope_parameters”")
        theta = document.get("rope_theta", rope.get("rope_theta", ROPE_THETA))
        kind = rope.get("rope_type", rope.get("type", "default"))
        if theta != ROPE_THETA or kind != "default":
            raise ValueError(
                f"turns its positions otherwise than this program (rope_theta {theta}, {kind}): "
                f"only {ROPE_THETA:.0f} and default can be imported"
            )
        theirs = {
            "head_dim": (128, (model.d_model // model.n_heads,)),
            "hidden_act": ("silu", ("silu",)),
            "rms_norm_eps": (1e-6, (NORM_EPSILON,)),
            "attention_bias": (False, (False,)),
            "use_sliding_window": (False, (False,)),
        }
    for name, (default, allowed) in theirs.items():
        value = document.get(name, default)
        if value not in allowed:
            shown = " or ".join(map(str, allowed))
            raise ValueError(
                f"has {name} = {visible(str(value)[:40])}, but this program computes with {shown}"
            )
