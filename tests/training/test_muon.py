"""Muon's update turns every direction equally, whatever the shape, and however it is computed."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from minigpt_tui.training.muon import UPDATE_RMS, Muon, orthogonalized


def random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def of_low_rank(n: int, rows: int, columns: int, rank: int) -> torch.Tensor:
    return random(n, rows, rank, seed=1) @ random(n, rank, columns, seed=2)


def by_the_paper(matrices: torch.Tensor) -> torch.Tensor:
    """The plain iteration in float64."""
    x = matrices.double()
    x = x / x.norm(dim=(-2, -1), keepdim=True)
    for _ in range(5):
        gram = x @ x.mT
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x


SHAPES = [(3, 8, 8), (2, 6, 9), (2, 8, 24), (1, 5, 40), (4, 1, 3)]


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_iteration_of_the_paper(shape):
    matrices = random(*shape)
    expected = by_the_paper(matrices)
    result = orthogonalized(matrices).double()
    assert (result - expected).norm() < 1e-3 * expected.norm()


@pytest.mark.parametrize("shape", SHAPES)
def test_singular_values_come_near_one_and_directions_stay(shape):
    matrices = random(*shape)
    u, _, v = torch.linalg.svd(matrices, full_matrices=False)
    turned = orthogonalized(matrices)
    along = (u.mT @ turned @ v.mT).diagonal(dim1=-2, dim2=-1)
    assert (along > 0.3).all()
    assert (along < 1.3).all()
    assert torch.allclose(turned, u @ torch.diag_embed(along) @ v, atol=1e-3)


@pytest.mark.parametrize("columns", [64, 192])
@pytest.mark.parametrize("rank", [1, 4, 64])
def test_in_bfloat16_gradients_of_low_rank_do_not_blow_it_up(columns, rank):
    turned = orthogonalized(of_low_rank(3, 64, columns, rank).bfloat16()).float()
    assert torch.linalg.matrix_norm(turned, 2).max() < 1.4


def test_a_zero_gradient_moves_nothing():
    assert torch.equal(orthogonalized(torch.zeros(2, 4, 12)), torch.zeros(2, 4, 12))


@pytest.mark.parametrize("shape", [(32, 32), (96, 32), (32, 128)])
def test_an_update_is_as_large_as_one_of_adam(shape):
    weight = nn.Parameter(torch.zeros(shape))
    weight.grad = random(*shape)
    Muon([{"params": [weight]}], lr=0.5).step()
    rms = weight.detach().square().mean().sqrt().item()
    assert rms == pytest.approx(0.5 * UPDATE_RMS, rel=0.25)


def test_a_fused_weight_moves_as_its_parts_would():
    parts = [nn.Parameter(random(6, 6, seed=i)) for i in range(3)]
    whole = nn.Parameter(torch.cat([part.detach() for part in parts]))
    optimizers = [
        Muon([{"params": parts}], lr=0.1),
        Muon([{"params": [whole], "stacked": 3}], lr=0.1),
    ]
    for step in range(3):
        gradients = [random(6, 6, seed=10 * step + i) for i in range(3)]
        for part, gradient in zip(parts, gradients, strict=True):
            part.grad = gradient
        whole.grad = torch.cat(gradients)
        for optimizer in optimizers:
            optimizer.step()
    assert torch.allclose(whole, torch.cat(list(parts)), atol=1e-6)


def test_a_tall_matrix_moves_as_its_transpose_would():
    wide, tall = nn.Parameter(random(4, 10)), nn.Parameter(random(4, 10).T.clone())
    wide.grad, tall.grad = random(4, 10, seed=3), random(4, 10, seed=3).T.clone()
    Muon([{"params": [wide]}, {"params": [tall]}], lr=0.1, weight_decay=0.1).step()
    assert torch.allclose(wide, tall.T, atol=1e-6)


def test_weight_decay_is_apart_from_the_gradient():
    weight = nn.Parameter(torch.ones(4, 4))
    weight.grad = torch.zeros(4, 4)
    Muon([{"params": [weight]}], lr=0.5, weight_decay=0.2).step()
    assert torch.allclose(weight, torch.full((4, 4), 0.9))


def test_it_goes_downhill_to_the_target():
    target = random(8, 16, seed=4)
    weight = nn.Parameter(torch.zeros(8, 16))
    optimizer = Muon([{"params": [weight]}], lr=0.1)
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 - step / 200)
        weight.grad = weight.detach() - target
        optimizer.step()
    assert (weight - target).norm() < 0.05 * target.norm()


def test_parameters_without_a_gradient_stay():
    still, moved = nn.Parameter(torch.ones(2, 2)), nn.Parameter(torch.ones(2, 2))
    moved.grad = torch.eye(2)
    Muon([{"params": [still, moved]}], lr=0.1, weight_decay=0.1).step()
    assert torch.equal(still, torch.ones(2, 2))
    assert not torch.equal(moved, torch.ones(2, 2))


def test_the_rate_does_not_depend_on_the_gradient_s_length():
    weights = [nn.Parameter(torch.zeros(5, 5)) for _ in range(2)]
    for weight, length in zip(weights, (1.0, 1e-4), strict=True):
        weight.grad = length * random(5, 5)
    Muon([{"params": weights}], lr=1.0).step()
    assert torch.allclose(*weights, rtol=1e-2, atol=1e-3)
    assert math.isfinite(weights[0].sum().item())
