"""Our weights in Hugging Face's models, to be measured beside ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.text.tokenizers import EOT_ID


def generates(model: LanguageModel, tokens: int) -> Callable[[], object]:
    """Their `generate` of so many tokens after <EOT>. Raises ImportError without transformers."""
    theirs = {"gpt2": _as_gpt2, "qwen3": _as_qwen3}[model.config.layout](model).eval()
    ids = torch.arange(EOT_ID, 12)[None]
    with torch.inference_mode():
        np.testing.assert_allclose(theirs(input_ids=ids).logits, model(ids), atol=1e-3, rtol=1e-3)
    prompt = torch.tensor([[EOT_ID]])

    def generate() -> None:
        made = theirs.generate(
            prompt,
            attention_mask=torch.ones_like(prompt),
            max_new_tokens=tokens,
            do_sample=True,
            top_k=0,
            eos_token_id=None,
            pad_token_id=EOT_ID,
            use_cache=True,
        )
        assert made.shape[1] == tokens + 1

    return generate


def _as_gpt2(model: LanguageModel) -> Any:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = model.config
    theirs = GPT2LMHeadModel(
        GPT2Config(
            vocab_size=model.vocab_size,
            n_positions=config.max_seq_len,
            n_embd=config.d_model,
            n_layer=config.n_layers,
            n_head=config.n_heads,
            n_inner=config.d_ff,
            tie_word_embeddings=False,
            bos_token_id=EOT_ID,
            eos_token_id=None,
        )
    )
    names = {
        "norm_1": "ln_1",
        "attention.qkv": "attn.c_attn",
        "attention.out": "attn.c_proj",
        "norm_2": "ln_2",
        "feed_forward.up": "mlp.c_fc",
        "feed_forward.down": "mlp.c_proj",
    }
    state: dict[str, Tensor] = {}
    for name, weight in model.state_dict().items():
        part, kind = name.rsplit(".", 1)
        if part.startswith("blocks."):
            _, layer, inner = part.split(".", 2)
            # Their linear layers hold the matrix turned round.
            turned = weight.T if kind == "weight" and weight.ndim == 2 else weight
            state[f"transformer.h.{layer}.{names[inner]}.{kind}"] = turned
        else:
            outer = {
                "token_embedding": "transformer.wte",
                "position_embedding": "transformer.wpe",
                "final_norm": "transformer.ln_f",
                "head": "lm_head",
            }[part]
            state[f"{outer}.{kind}"] = weight
    theirs.load_state_dict(state)
    return theirs


def _as_qwen3(model: LanguageModel) -> Any:
    from transformers import Qwen3Config, Qwen3ForCausalLM

    config = model.config
    theirs = Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=model.vocab_size,
            hidden_size=config.d_model,
            intermediate_size=config.d_ff,
            num_hidden_layers=config.n_layers,
            num_attention_heads=config.n_heads,
            num_key_value_heads=config.n_heads,
            head_dim=config.d_model // config.n_heads,
            max_position_embeddings=config.max_seq_len,
            rope_theta=10_000.0,
            rms_norm_eps=1e-6,
            tie_word_embeddings=False,
            bos_token_id=EOT_ID,
            eos_token_id=None,
        )
    )
    ours = model.state_dict()
    state = {
        "model.embed_tokens.weight": ours["token_embedding.weight"],
        "model.norm.weight": ours["final_norm.weight"],
        "lm_head.weight": ours["head.weight"],
    }
    for layer in range(config.n_layers):
        own, their = f"blocks.{layer}.", f"model.layers.{layer}."
        q, k, v = ours[own + "attention.qkv.weight"].chunk(3)
        gate, up = ours[own + "feed_forward.gate_up.weight"].chunk(2)
        state |= {
            their + "input_layernorm.weight": ours[own + "norm_1.weight"],
            their + "self_attn.q_proj.weight": q,
            their + "self_attn.k_proj.weight": k,
            their + "self_attn.v_proj.weight": v,
            their + "self_attn.q_norm.weight": ours[own + "attention.q_norm.weight"],
            their + "self_attn.k_norm.weight": ours[own + "attention.k_norm.weight"],
            their + "self_attn.o_proj.weight": ours[own + "attention.out.weight"],
            their + "post_attention_layernorm.weight": ours[own + "norm_2.weight"],
            their + "mlp.gate_proj.weight": gate,
            their + "mlp.up_proj.weight": up,
            their + "mlp.down_proj.weight": ours[own + "feed_forward.down.weight"],
        }
    theirs.load_state_dict(state)
    return theirs
