"""Each operation with a backward pass by hand equals its formula, forwards and backwards."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from minigpt_tui.model import fused
from minigpt_tui.model.fused import queries_keys_values, rms_norm, rotation_tables, swiglu

SHAPES = [(2, 5, 3, 2, 4), (1, 1, 3, 1, 2), (3, 7, 3, 3, 6)]
"""[B, T, 3, H, d_head]"""


def random(*shape: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    generator = torch.Generator().manual_seed(sum(shape))
    return torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype)


def both_ways(monkeypatch, operation, *inputs):
    """Outputs and gradients by hand, then by the formula and autograd."""
    results = []
    for by_hand in (True, False):
        monkeypatch.setattr(fused, "_by_hand", lambda x, by_hand=by_hand: by_hand)
        leaves = [x.detach().clone().requires_grad_(x.requires_grad) for x in inputs]
        outputs = operation(*leaves)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        weighed = sum((out * random(*out.shape, dtype=out.dtype)).sum() for out in outputs)
        learned = [leaf for leaf in leaves if leaf.requires_grad]
        results.append([*outputs, *torch.autograd.grad(weighed, learned)])
    return zip(*results, strict=True)


def assert_equal(pairs, tolerance):
    for own, formula in pairs:
        assert own.shape == formula.shape
        assert own.dtype == formula.dtype
        difference = (own - formula).double().norm()
        assert difference <= tolerance * (formula.double().norm() + 1e-6)


TOLERANCES = [(torch.float64, 1e-6), (torch.float32, 1e-5), (torch.bfloat16, 2e-2)]


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("shape", [(6, 8), (2, 3, 5), (1, 2)])
def test_rms_norm(monkeypatch, shape, dtype, tolerance):
    x = random(*shape, dtype=dtype).requires_grad_(True)
    weight = (1 + random(shape[-1], dtype=dtype)).requires_grad_(True)
    assert_equal(both_ways(monkeypatch, rms_norm, x, weight), tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("shape", SHAPES)
def test_queries_keys_values(monkeypatch, shape, dtype, tolerance):
    qkv = random(*shape, dtype=dtype).requires_grad_(True)
    weights = [(1 + random(i, shape[-1])[0]).to(dtype).requires_grad_(True) for i in (1, 2)]
    tables = rotation_tables(shape[1], shape[-1], 10_000.0)
    assert_equal(both_ways(monkeypatch, queries_keys_values, qkv, *weights, *tables), tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
def test_swiglu(monkeypatch, dtype, tolerance):
    gate_up = random(2, 3, 10, dtype=dtype).requires_grad_(True)
    assert_equal(both_ways(monkeypatch, swiglu, gate_up), tolerance)


def test_float32_weights_serve_lower_precision_and_learn_in_their_own():
    x = random(4, 8, dtype=torch.bfloat16).requires_grad_(True)
    weight = torch.ones(8, requires_grad=True)
    y = rms_norm(x, weight)
    y.sum().backward()
    assert y.dtype == x.grad.dtype == torch.bfloat16
    assert weight.grad.dtype == torch.float32


def test_the_norm_of_zero_is_zero():
    assert torch.equal(rms_norm(torch.zeros(2, 4), torch.ones(4)), torch.zeros(2, 4))


def test_the_rotation_is_that_of_rotate_half():
    cos, sin = rotation_tables(9, 6, 10_000.0)
    x = random(2, 9, 6, dtype=torch.float32)
    first, second = x.chunk(2, dim=-1)
    angles = torch.arange(9.0)[:, None] * 10_000.0 ** (-torch.arange(0, 6, 2) / 6)
    by_definition = torch.cat(
        (
            first * angles.cos() - second * angles.sin(),
            second * angles.cos() + first * angles.sin(),
        ),
        dim=-1,
    )
    assert torch.allclose(fused.rotate(x, cos, sin), by_definition, atol=1e-6)


def test_scores_depend_on_the_distance_alone():
    cos, sin = rotation_tables(12, 8, 10_000.0)
    q, k = (fused.rotate(random(1, 8, dtype=torch.float32).expand(12, 8), cos, sin) for _ in "qk")
    scores = q @ k.T
    for distance in range(12):
        along = scores.diagonal(-distance)
        assert torch.allclose(along, along[:1].expand_as(along), atol=1e-4)


def test_a_rotation_keeps_lengths():
    cos, sin = rotation_tables(12, 8, 10_000.0)
    x = random(12, 8, dtype=torch.float32)
    assert torch.allclose(fused.rotate(x, cos, sin).norm(dim=-1), x.norm(dim=-1), atol=1e-5)


def test_swiglu_is_the_gated_linear_unit():
    gate_up = random(3, 8)
    assert torch.equal(swiglu(gate_up), F.silu(gate_up[:, :4]) * gate_up[:, 4:])
