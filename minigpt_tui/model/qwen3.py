"""The modern decoder-only transformer in the layout of Qwen3 (Qwen Team 2025), token to logits.

What differs from `gpt2.py`, each from its own paper: positions are rotations of queries and keys
(RoPE, Su et al. 2021), norms divide by the root mean square alone (RMSNorm, Zhang & Sennrich
2019), queries and keys are normalised per head (QK-norm, Henry et al. 2020), the feed-forward part
is gated (SwiGLU, Shazeer 2020), and nothing has a bias. A Hugging Face `Qwen3ForCausalLM` holds
the same weights without loss.

Shapes: B windows in a batch, T tokens in a window, D = d_model, H heads of d_head = D / H each,
V tokens in the vocabulary.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from minigpt_tui.config import ModelConfig
from minigpt_tui.model.attention import causal_attention, tapped_attention
from minigpt_tui.model.fused import queries_keys_values, rms_norm, rotation_tables, swiglu
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.tap import Tap, tapped, within

ROPE_THETA = 10_000.0
UNEMBEDDING_STD = 0.02
"""Small, so that an untrained model guesses evenly."""


class Qwen3(LanguageModel):
    """Token ids [B, T] → logits [B, T, V]; position t sees the tokens 0..t and predicts t + 1."""

    cos: Tensor
    sin: Tensor

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__(config, vocab_size)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.final_norm = RMSNorm(config.d_model)
        # Computed, never saved: the checkpoint holds what was learned.
        cos, sin = rotation_tables(config.max_seq_len, config.d_model // config.n_heads, ROPE_THETA)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.add_head()

    def forward(self, ids: Tensor, tap: Tap | None = None) -> Tensor:
        _, length = ids.shape
        assert length <= self.config.max_seq_len, "the caller cuts windows to max_seq_len"
        x = self.token_embedding(ids)  # [B, T, D]
        # Under autocast the residual stream itself is in the lower precision: branches and norms
        # then need no conversion in between.
        if torch.is_autocast_enabled(x.device.type):
            x = x.to(torch.get_autocast_dtype(x.device.type))
        x = F.dropout(tapped(tap, "hook_embed", x), self.config.dropout, self.training)
        cos, sin = self.cos[:length], self.sin[:length]
        for layer, block in enumerate(self.blocks):
            x = block(x, cos, sin, within(tap, f"blocks.{layer}."))
        x = tapped(tap, "ln_final.hook_normalized", self.final_norm(x))
        return self.unembed(x)  # [B, T, V]

    @torch.no_grad()
    def init_weights(self, generator: torch.Generator) -> None:
        """Matrices uniform with σ = 1/√fan_in, embeddings normal with σ = 1, norms one.

        The projections that write into the residual stream start at zero, so that each block is
        the identity at first (as the last layer of a branch in Zhang et al. 2019, "Fixup"). What
        reads the stream out starts small; an embedding that is also the head starts as a head.
        """
        embedding_std = 1.0 if self.head is not None else UNEMBEDDING_STD
        for name, parameter in self.named_parameters():
            if "norm" in name:
                parameter.fill_(1.0)
            elif name == "token_embedding.weight":
                parameter.normal_(0.0, embedding_std, generator=generator)
            elif name == "head.weight":
                parameter.normal_(0.0, UNEMBEDDING_STD, generator=generator)
            elif name.endswith(("attention.out.weight", "feed_forward.down.weight")):
                parameter.zero_()
            else:
                bound = math.sqrt(3 / parameter.shape[1])
                parameter.uniform_(-bound, bound, generator=generator)


class Block(nn.Module):
    """One layer: attention moves information between positions, the feed-forward works on each."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.norm_1 = RMSNorm(config.d_model)
        self.attention = CausalSelfAttention(config)
        self.norm_2 = RMSNorm(config.d_model)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, tap: Tap | None = None) -> Tensor:
        x = tapped(tap, "hook_resid_pre", x)
        attended = self.attention(self.norm_1(x), cos, sin, within(tap, "attn."))
        attended = F.dropout(attended, self.dropout, self.training)
        x = x + tapped(tap, "hook_attn_out", attended)
        x = tapped(tap, "hook_resid_mid", x)
        hidden = F.dropout(self.feed_forward(self.norm_2(x)), self.dropout, self.training)
        x = x + tapped(tap, "hook_mlp_out", hidden)
        return tapped(tap, "hook_resid_post", x)


class CausalSelfAttention(nn.Module):
    """Masked multi-head self-attention with normalised, rotated queries and keys."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model, bias=False)
        self.q_norm = RMSNorm(config.d_model // config.n_heads)
        self.k_norm = RMSNorm(config.d_model // config.n_heads)
        self.out = nn.Linear(config.d_model, config.d_model, bias=False)

    def forward(self, x: Tensor, cos: Tensor, sin: Tensor, tap: Tap | None = None) -> Tensor:
        batch, length, d_model = x.shape
        qkv = self.qkv(x).view(batch, length, 3, self.n_heads, d_model // self.n_heads)
        if tap is not None:
            shown = zip("qkv", qkv.unbind(2), strict=True)
            qkv = torch.stack([tapped(tap, f"hook_{name}", part) for name, part in shown], dim=2)
        q, k, v = queries_keys_values(qkv, self.q_norm.weight, self.k_norm.weight, cos, sin)
        z = causal_attention(q, k, v) if tap is None else tapped_attention(q, k, v, tap)
        mixed: Tensor = self.out(z.transpose(1, 2).reshape(batch, length, d_model))
        return mixed


class FeedForward(nn.Module):
    """SwiGLU: a gate decides how much of each hidden unit passes: down(silu(gate(x)) · up(x))."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.gate_up = nn.Linear(config.d_model, 2 * config.d_ff, bias=False)
        self.down = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.down(swiglu(self.gate_up(x)))
        return hidden


class RMSNorm(nn.Module):
    """x / √(mean(x²) + ε) · weight, over the last dimension."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return rms_norm(x, self.weight)
