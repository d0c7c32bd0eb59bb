"""A checkpoint as nanoGPT writes it, and its forward pass written down a second time."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

D, H, L, T = 16, 2, 2, 16


def model_args(vocab_size: int, bias: bool) -> dict[str, Any]:
    return {
        "n_layer": L,
        "n_head": H,
        "n_embd": D,
        "block_size": T,
        "bias": bias,
        "vocab_size": vocab_size,
        "dropout": 0.1,
    }


def weights(vocab_size: int, bias: bool, seed: int = 0) -> OrderedDict[str, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes: dict[str, tuple[int, ...]] = {"wte": (vocab_size, D), "wpe": (T, D)}
    for layer in range(L):
        shapes |= {
            f"h.{layer}.ln_1": (D,),
            f"h.{layer}.attn.c_attn": (3 * D, D),
            f"h.{layer}.attn.c_proj": (D, D),
            f"h.{layer}.ln_2": (D,),
            f"h.{layer}.mlp.c_fc": (4 * D, D),
            f"h.{layer}.mlp.c_proj": (D, 4 * D),
        }
    shapes["ln_f"] = (D,)
    made: OrderedDict[str, Tensor] = OrderedDict()
    for name, shape in shapes.items():
        around = 1.0 if len(shape) == 1 else 0.0
        made[f"transformer.{name}.weight"] = around + 0.3 * torch.randn(shape, generator=generator)
        if bias and not name.startswith("w"):
            made[f"transformer.{name}.bias"] = 0.3 * torch.randn(shape[0], generator=generator)
    made["lm_head.weight"] = made["transformer.wte.weight"]  # tied, as there
    return made


def write(
    path: Path, vocab_size: int, *, bias: bool = True, prefix: str = "", **changes: Any
) -> OrderedDict[str, Tensor]:
    model = weights(vocab_size, bias)
    saved: dict[str, Any] = {
        "model": OrderedDict((prefix + name, weight) for name, weight in model.items()),
        "optimizer": {"state": {}, "param_groups": [{"lr": 1e-3, "params": [0]}]},
        "model_args": model_args(vocab_size, bias),
        "iter_num": 2000,
        "best_val_loss": torch.tensor(1.47),
        "config": {"dataset": "shakespeare_char", "compile": True},
    }
    torch.save({**saved, **changes}, path)
    return model


def logits(w: OrderedDict[str, Tensor], ids: Tensor, approximate: str = "none") -> Tensor:
    """nanoGPT's model.py without dropout: [B, T] → [B, T, V]."""

    def norm(x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, (D,), w[f"{name}.weight"], w.get(f"{name}.bias"), 1e-5)

    def linear(x: Tensor, name: str) -> Tensor:
        return F.linear(x, w[f"{name}.weight"], w.get(f"{name}.bias"))

    x = w["transformer.wte.weight"][ids] + w["transformer.wpe.weight"][: ids.shape[1]]
    for layer in range(L):
        block = f"transformer.h.{layer}"
        q, k, v = (
            part.view(*ids.shape, H, D // H).transpose(1, 2)
            for part in linear(norm(x, f"{block}.ln_1"), f"{block}.attn.c_attn").split(D, dim=-1)
        )
        scores = q @ k.transpose(-2, -1) / (D // H) ** 0.5
        future = torch.ones(ids.shape[1], ids.shape[1]).triu(1).bool()
        z = scores.masked_fill(future, -torch.inf).softmax(-1) @ v
        x = x + linear(z.transpose(1, 2).reshape(x.shape), f"{block}.attn.c_proj")
        hidden = linear(norm(x, f"{block}.ln_2"), f"{block}.mlp.c_fc")
        x = x + linear(F.gelu(hidden, approximate=approximate), f"{block}.mlp.c_proj")
    return norm(x, "transformer.ln_f") @ w["lm_head.weight"].T
