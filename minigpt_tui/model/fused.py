"""The small operations of the modern layout, with their backward passes written out for processors.

Beside the matrix products a step spends its time in passes over the activations. What autograd
derives from the formulas takes about twice as many passes as are needed, some of them slow: halves
of a head are inner loops of sixteen numbers, and gradients of slices are glued together again.
So on a CPU each operation below has its backward pass by hand. Elsewhere, and under torch.compile,
which fuses by itself, the formula alone is used; the tests hold the two ways against each other.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

NORM_EPSILON = 1e-6


def rms_norm(x: Tensor, weight: Tensor) -> Tensor:
    """x / √(mean(x²) + ε) · weight over the last dimension, in the dtype of x.

    From Zhang & Sennrich 2019.
    """
    if _by_hand(x):
        return _RMSNorm.apply(x, weight)  # type: ignore[no-untyped-call,no-any-return]
    return F.rms_norm(x, weight.shape, weight.to(x.dtype), NORM_EPSILON)


def queries_keys_values(
    qkv: Tensor, q_weight: Tensor, k_weight: Tensor, cos: Tensor, sin: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Splits qkv [B, T, 3, H, d_head] into q, k, v [B, H, T, d_head] that attention can use.

    Queries and keys are normalised per head, with a weight [d_head] each, and then rotated by
    their position (`cos` and `sin` [T, d_head] from `rotation_tables`).
    """
    cos, sin = cos.to(qkv.dtype), sin.to(qkv.dtype)
    if _by_hand(qkv):
        return _QueriesKeysValues.apply(  # type: ignore[no-untyped-call,no-any-return]
            qkv, q_weight, k_weight, cos, sin
        )
    q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    q, k = rms_norm(q, q_weight), rms_norm(k, k_weight)
    return rotate(q, cos, sin), rotate(k, cos, sin), v


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turns each pair (x_i, x_{i + d_head/2}) of x [..., T, d_head] by its position's angle."""
    return x * cos + _halves_swapped(x) * sin


def rotation_tables(length: int, d_head: int, theta: float) -> tuple[Tensor, Tensor]:
    """Cosines and signed sines [T, d_head] of RoPE (Su et al. 2021) in its rotate-half form.

    The first half of a head becomes x₁ cos − x₂ sin, the second x₂ cos + x₁ sin, as in Hugging
    Face's models; the minus stands in the table. The tables hold numbers even where a model is
    built without any, on the meta device: no checkpoint would bring them.
    """
    positions = torch.arange(length, dtype=torch.float32, device="cpu")
    pairs = torch.arange(0, d_head, 2, dtype=torch.float32, device="cpu")
    angles = torch.outer(positions, theta ** (-pairs / d_head))  # [T, d_head / 2]
    cos, sin = angles.cos(), angles.sin()
    return torch.cat((cos, cos), dim=-1), torch.cat((-sin, sin), dim=-1)


def swiglu(gate_up: Tensor) -> Tensor:
    """silu(gate) · up of [..., 2 F] → [..., F], the gate in the first half (Shazeer 2020)."""
    if _by_hand(gate_up):
        return _SwiGLU.apply(gate_up)  # type: ignore[no-untyped-call,no-any-return]
    gate, up = gate_up.chunk(2, dim=-1)
    return F.silu(gate) * up


def _by_hand(x: Tensor) -> bool:
    return x.device.type == "cpu" and not torch.compiler.is_compiling()


def _halves_swapped(x: Tensor) -> Tensor:
    return x.roll(x.shape[-1] // 2, dims=-1)


def _inverse_rms(x: Tensor) -> Tensor:
    """1 / √(mean(x²) + ε) over the last dimension, kept as one; summed in at least float32."""
    exact = torch.promote_types(x.dtype, torch.float32)
    norm: Tensor = torch.linalg.vector_norm(x, dim=-1, keepdim=True, dtype=exact)
    return norm.square_().div_(x.shape[-1]).add_(NORM_EPSILON).rsqrt_().to(x.dtype)


class _RMSNorm(torch.autograd.Function):
    """With x̂ = x / rms(x): y = x̂ · w, dx = (g · w − x̂ · mean(g · w · x̂)) / rms(x), dw = Σ g · x̂."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor) -> Tensor:
        inverse_rms = _inverse_rms(x)
        normalized = x * inverse_rms
        ctx.save_for_backward(normalized, inverse_rms, weight)
        return normalized * weight.to(x.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor]:
        normalized, inverse_rms, weight = ctx.saved_tensors
        width = weight.shape[0]
        scale = weight.to(grad.dtype)
        product = (grad * normalized).reshape(-1, width)
        minus_mean = torch.mv(product, scale).div_(-width).view(inverse_rms.shape)
        grad_x = (grad * scale).addcmul_(normalized, minus_mean).mul_(inverse_rms)
        return grad_x, product.sum(0, dtype=weight.dtype)


class _QueriesKeysValues(torch.autograd.Function):
    """Norm and rotation of queries and keys at once; gradients go straight into one tensor.

    A rotation's gradient is the gradient turned back; the norm's is that of `_RMSNorm`.
    """

    @staticmethod
    def forward(
        ctx: Any, qkv: Tensor, q_weight: Tensor, k_weight: Tensor, cos: Tensor, sin: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        heads = qkv.permute(2, 0, 3, 1, 4)  # [3, B, H, T, d_head]
        qk, d_head = heads[:2], qkv.shape[-1]
        inverse_rms = _inverse_rms(qk)
        # Written head by head, so that every pass after this one runs along the memory.
        normalized = torch.empty(qk.shape, dtype=qk.dtype)
        torch.mul(qk, inverse_rms, out=normalized)
        weight = torch.stack((q_weight, k_weight)).to(qk.dtype).view(2, 1, 1, 1, d_head)
        weighted = normalized * weight
        turned = (weighted * cos).addcmul_(_halves_swapped(weighted), sin)
        ctx.save_for_backward(normalized, inverse_rms, weight, cos, sin)
        return turned[0], turned[1], heads[2].contiguous()

    @staticmethod
    def backward(
        ctx: Any, grad_q: Tensor, grad_k: Tensor, grad_v: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, None, None]:
        normalized, inverse_rms, weight, cos, sin = ctx.saved_tensors
        _, batch, n_heads, length, d_head = normalized.shape
        grad_qkv = torch.empty((batch, length, 3, n_heads, d_head), dtype=normalized.dtype)
        grad_heads = grad_qkv.permute(2, 0, 3, 1, 4)
        grad_heads[2].copy_(grad_v)
        back = torch.empty_like(normalized)
        for turned_back, grad in zip(back, (grad_q, grad_k), strict=True):
            torch.mul(grad, cos, out=turned_back)
            turned_back.addcmul_(_halves_swapped(grad), sin, value=-1)
        product = (back * normalized).view(2, -1, d_head)
        grad_weight = product.sum(1, dtype=torch.promote_types(product.dtype, torch.float32))
        minus_mean = torch.bmm(product, weight.view(2, d_head, 1)).div_(-d_head)
        back.mul_(weight).addcmul_(normalized, minus_mean.view(inverse_rms.shape))
        torch.mul(back, inverse_rms, out=grad_heads[:2])
        return grad_qkv, grad_weight[0], grad_weight[1], None, None


class _SwiGLU(torch.autograd.Function):
    """Writes the gradients of gate and up straight into one tensor."""

    @staticmethod
    def forward(ctx: Any, gate_up: Tensor) -> Tensor:
        gate, up = gate_up.chunk(2, dim=-1)
        opened = F.silu(gate)
        ctx.save_for_backward(gate_up, opened)
        return opened * up

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        gate_up, opened = ctx.saved_tensors
        gate, up = gate_up.chunk(2, dim=-1)
        grad_gate_up = torch.empty_like(gate_up)
        grad_gate, grad_up = grad_gate_up.chunk(2, dim=-1)
        torch.mul(grad, opened, out=grad_up)
        torch.ops.aten.silu_backward(grad * up, gate, grad_input=grad_gate)
        return grad_gate_up
