"""Causal attention from queries, keys and values, by the way that is fastest where it runs.

On a processor torch's fused kernel goes back through bfloat16 several times slower than the three
matrix products written out; in float32, for long windows and on a GPU it is the faster one.
"""

from __future__ import annotations

import math
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor

from minigpt_tui.model.tap import Tap, tapped
from minigpt_tui.planning.memory import LONGEST_WRITTEN_OUT_ATTENTION


def causal_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """softmax(q kᵀ / √d_head) v, where a position sees itself and those before it.

    From Vaswani et al. 2017. All of shape [B, H, T, d_head]. Queries and keys are taken in the
    precision of the values: under autocast norms may have left them in another.
    """
    q, k = q.to(v.dtype), k.to(v.dtype)
    in_half_on_processor = v.device.type == "cpu" and v.dtype == torch.bfloat16
    # Written out, T² weights are kept for every head: too many where a window is long.
    if in_half_on_processor and v.shape[-2] <= LONGEST_WRITTEN_OUT_ATTENTION:
        return written_out(q, k, v)
    return F.scaled_dot_product_attention(q, k, v, is_causal=True)


def written_out(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """The same as `causal_attention`, in separate matrix products; [B, H, T, d_head]."""
    batch, n_heads, length, d_head = v.shape
    q, k, v = (part.reshape(batch * n_heads, length, d_head) for part in (q, k, v))
    hidden = _future_hidden if torch.compiler.is_compiling() else _future_hidden_once
    mask = hidden(length, v.dtype, v.device)
    scores = torch.baddbmm(mask, q, k.transpose(1, 2), alpha=1 / math.sqrt(d_head))
    z = torch.bmm(scores.softmax(dim=-1), v)
    return z.view(batch, n_heads, length, d_head)


def tapped_attention(q: Tensor, k: Tensor, v: Tensor, tap: Tap) -> Tensor:
    """The same as `causal_attention`, where a tap sees and edits `hook_pattern` and `hook_z`."""
    q, k = q.to(v.dtype), k.to(v.dtype)
    hidden = _future_hidden(v.shape[-2], v.dtype, v.device)
    scores = q @ k.transpose(-2, -1) / math.sqrt(v.shape[-1]) + hidden
    pattern = tapped(tap, "hook_pattern", scores.softmax(dim=-1))  # [B, H, T, T]
    z = (pattern @ v).transpose(1, 2)  # [B, T, H, d_head]
    return tapped(tap, "hook_z", z).transpose(1, 2)


def _future_hidden(length: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    """0 where position i may see position j ≤ i, −∞ elsewhere; [T, T]."""
    return torch.full((length, length), -math.inf, dtype=dtype, device=device).triu(1)


# Bounded, and safe to call from several threads. A training asks for one length, evaluation for
# the same; a prompt that grows asks for many.
@lru_cache(maxsize=8)
def _future_hidden_once(length: int, dtype: torch.dtype, device: torch.device) -> Tensor:
    with torch.inference_mode(False):  # one made in inference mode could not serve a training
        return _future_hidden(length, dtype, device)
