"""Taps: where a forward pass lets its activations be read and edited, by their names.

The names are those of TransformerLens (Nanda & Bloom 2022). B windows, T tokens, D = d_model, H
heads of d_head, l a layer from 0:

    hook_embed, hook_pos_embed (learned positions only)                      [B, T, D]
    blocks.{l}.hook_resid_pre, hook_resid_mid, hook_resid_post               [B, T, D]
    blocks.{l}.hook_attn_out, hook_mlp_out (what a branch adds)              [B, T, D]
    blocks.{l}.attn.hook_q, hook_k, hook_v, hook_z                           [B, T, H, d_head]
    blocks.{l}.attn.hook_pattern (rows are queries and sum to 1)             [B, H, T, T]
    ln_final.hook_normalized (what is unembedded, the norm's weight and bias included)  [B, T, D]

Queries and keys are shown as they are projected: before QK-norm and rotation.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

Tap = Callable[[str, Tensor], Tensor | None]
"""Called with a name and its activation; returns what is to take its place, or None to read only.

The activation itself must not be written to.
"""


def tapped(tap: Tap | None, name: str, x: Tensor) -> Tensor:
    """`x`, or what the tap puts in its place, of the same shape and dtype."""
    if tap is None:
        return x
    edited = tap(name, x)
    if edited is None:
        return x
    assert (edited.shape, edited.dtype) == (x.shape, x.dtype), f"{name} was edited out of shape"
    return edited


def within(tap: Tap | None, scope: str) -> Tap | None:
    """The tap of a part of the model, which need not know where it stands: names get `scope`."""
    if tap is None:
        return None
    outer = tap
    return lambda name, x: outer(scope + name, x)
