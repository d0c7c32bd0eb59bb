"""The classic decoder-only transformer of GPT-2 (Radford et al. 2019), from tokens to logits.

Read it from top to bottom: `GPT` embeds tokens and positions, sends them through `Block`s that add
to a residual stream, and turns the last state into one logit for each token of the vocabulary.

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
from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.model.tap import Tap, tapped, within

INIT_STD = 0.02


class GPT(LanguageModel):
    """Token ids [B, T] → logits [B, T, V]; position t sees the tokens 0..t and predicts t + 1."""

    def __init__(self, config: ModelConfig, vocab_size: int) -> None:
        super().__init__(config, vocab_size)
        self.position_embedding = nn.Embedding(config.max_seq_len, config.d_model)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.n_layers))
        self.final_norm = nn.LayerNorm(config.d_model)
        self.add_head()

    def forward(self, ids: Tensor, tap: Tap | None = None) -> Tensor:
        _, length = ids.shape
        assert length <= self.config.max_seq_len, "the caller cuts windows to max_seq_len"
        positions = torch.arange(length, device=ids.device)
        x = tapped(tap, "hook_embed", self.token_embedding(ids))  # [B, T, D]
        p = self.position_embedding(positions).expand_as(x)
        x = x + tapped(tap, "hook_pos_embed", p)
        x = F.dropout(x, self.config.dropout, self.training)
        for layer, block in enumerate(self.blocks):
            x = block(x, within(tap, f"blocks.{layer}."))
        x = tapped(tap, "ln_final.hook_normalized", self.final_norm(x))
        return self.unembed(x)  # [B, T, V]

    @torch.no_grad()
    def init_weights(self, generator: torch.Generator) -> None:
        """Draws every weight as GPT-2 does: normal with σ = 0.02, zero biases.

        The projections that write into the residual stream start smaller by √(2 · n_layers),
        so that the stream's variance does not grow with depth.
        """
        residual_std = INIT_STD / math.sqrt(2 * self.config.n_layers)
        for name, parameter in self.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
            elif "norm" in name:
                parameter.fill_(1.0)
            else:
                writes_residual = name.endswith(
                    ("attention.out.weight", "feed_forward.down.weight")
                )
                std = residual_std if writes_residual else INIT_STD
                parameter.normal_(0.0, std, generator=generator)


class Block(nn.Module):
    """One layer: attention moves information between positions, the feed-forward works on each."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.dropout = config.dropout
        self.norm_1 = nn.LayerNorm(config.d_model)
        self.attention = CausalSelfAttention(config)
        self.norm_2 = nn.LayerNorm(config.d_model)
        self.feed_forward = FeedForward(config)

    def forward(self, x: Tensor, tap: Tap | None = None) -> Tensor:
        x = tapped(tap, "hook_resid_pre", x)
        # Dropout stands on the branches only: inside attention it would switch off the fast kernel.
        attended = self.attention(self.norm_1(x), within(tap, "attn."))
        attended = F.dropout(attended, self.dropout, self.training)
        x = x + tapped(tap, "hook_attn_out", attended)
        x = tapped(tap, "hook_resid_mid", x)
        hidden = F.dropout(self.feed_forward(self.norm_2(x)), self.dropout, self.training)
        x = x + tapped(tap, "hook_mlp_out", hidden)
        return tapped(tap, "hook_resid_post", x)


class CausalSelfAttention(nn.Module):
    """Masked multi-head self-attention: each position mixes values of itself and those before."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.n_heads = config.n_heads
        self.qkv = nn.Linear(config.d_model, 3 * config.d_model)
        self.out = nn.Linear(config.d_model, config.d_model)

    def forward(self, x: Tensor, tap: Tap | None = None) -> Tensor:
        batch, length, d_model = x.shape
        heads = (batch, length, self.n_heads, d_model // self.n_heads)
        q, k, v = (
            tapped(tap, f"hook_{name}", part.view(heads)).transpose(1, 2)  # [B, H, T, d_head]
            for name, part in zip("qkv", self.qkv(x).split(d_model, dim=-1), strict=True)
        )
        z = causal_attention(q, k, v) if tap is None else tapped_attention(q, k, v, tap)
        mixed: Tensor = self.out(z.transpose(1, 2).reshape(batch, length, d_model))
        return mixed


class FeedForward(nn.Module):
    """Two linear maps with a GELU between them (its tanh form, as in GPT-2)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.up = nn.Linear(config.d_model, config.d_ff)
        self.down = nn.Linear(config.d_ff, config.d_model)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.down(F.gelu(self.up(x), approximate="tanh"))
        return hidden
