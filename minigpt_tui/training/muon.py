"""Muon: momentum whose update of a matrix turns every direction that it moves equally far.

The method is that of Jordan et al. 2024 ("Muon: An optimizer for hidden layers in neural
networks"), with the scale and the decoupled weight decay of Liu et al. 2025 ("Muon is scalable for
LLM training"). It is meant for the matrices inside the blocks; everything else wants AdamW.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import Tensor, nn

from minigpt_tui.training.dealt_out import part_of, whole

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of x, x³ and x⁵ (Jordan et al. 2024): steep at 0, so that five steps bring singular
values from about 0.002 up into 0.7…1.2. They do not converge to 1, and need not."""
STEPS_BEFORE_RESTART, STEPS_AFTER = 2, 3
UPDATE_RMS = 0.2
"""Root mean square of an AdamW update, which Muon's is scaled to (Liu et al. 2025)."""
WIDE = 2
"""From this ratio of columns to rows the iteration on the Gram matrix is the cheaper one."""


class Muon(torch.optim.Optimizer):
    """Muon over matrices. Its parameter groups carry, beside `lr`:

    `stacked`: how many matrices lie on top of one another in each parameter (3 for a fused
    qkv [3 D, D]): each is turned by itself. `weight_decay`, `momentum`. `precision`: dtype of the
    Newton–Schulz iteration, "bfloat16" or "float32"; it changes the last bits, so it is part of
    the state that a resume takes up.
    """

    def __init__(
        self,
        groups: Iterable[dict[str, Any]],
        lr: float,
        *,
        momentum: float = 0.95,
        weight_decay: float = 0.0,
        precision: str = "float32",
    ) -> None:
        defaults = {
            "lr": lr,
            "momentum": momentum,
            "weight_decay": weight_decay,
            "precision": precision,
            "stacked": 1,
        }
        super().__init__(list(groups), defaults)
        self._gathered: list[tuple[Tensor, Tensor]] = []
        for group in self.param_groups:
            for parameter in group["params"]:
                assert parameter.ndim == 2, "Muon is for matrices"
                assert parameter.shape[0] % group["stacked"] == 0

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every parameter that has a gradient."""
        # Matrices of one shape, wherever they come from, go through the iteration together.
        together: dict[tuple[torch.Size, torch.device, str], list[_Matrix]] = defaultdict(list)
        for group in self.param_groups:
            for matrix in self._matrices(group):
                shape = matrix.upright.shape
                together[shape, matrix.upright.device, group["precision"]].append(matrix)
        for (_, _, precision), matrices in together.items():
            dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
            batch = torch.stack([matrix.upright for matrix in matrices]).to(dtype)
            for matrix, turned in zip(matrices, orthogonalized(batch), strict=True):
                matrix.move(turned)
        for parameter, weight in self._gathered:
            parameter.copy_(part_of(weight, parameter))
        self._gathered.clear()

    def _matrices(self, group: dict[str, Any]) -> list[_Matrix]:
        """The matrices of a group, each with the direction in which its momentum points.

        Of a parameter that is dealt out to several processes every one of them turns the whole
        matrix, and keeps its part of the result.
        """
        parameters = [p for p in group["params"] if p.grad is not None]
        if not parameters:
            return []
        grads = [cast(Tensor, p.grad) for p in parameters]
        for parameter, grad in zip(parameters, grads, strict=True):
            if "momentum" not in self.state[parameter]:
                self.state[parameter]["momentum"] = torch.zeros_like(grad)
        momenta = [self.state[p]["momentum"] for p in parameters]
        torch._foreach_lerp_(momenta, grads, 1 - group["momentum"])
        ahead = torch._foreach_lerp(grads, momenta, group["momentum"])  # Nesterov
        torch._foreach_mul_(parameters, 1 - group["lr"] * group["weight_decay"])
        weights = [whole(parameter) for parameter in parameters]
        self._gathered += [(p, w) for p, w in zip(parameters, weights, strict=True) if w is not p]
        return [
            _Matrix(weight, direction, group["lr"])
            for stacked_weights, stack in zip(weights, ahead, strict=True)
            for weight, direction in zip(
                stacked_weights.chunk(group["stacked"]),
                whole(stack).chunk(group["stacked"]),
                strict=True,
            )
        ]


class _Matrix:
    """One matrix to be moved, and the way there, laid so that the short side comes first."""

    def __init__(self, weight: Tensor, direction: Tensor, lr: float) -> None:
        rows, columns = weight.shape
        self.tall = rows > columns
        self.weight = weight
        self.upright = direction.mT if self.tall else direction
        # A turned matrix of this shape has the RMS 1 / √max(rows, columns).
        self.rate = lr * UPDATE_RMS * math.sqrt(max(rows, columns))

    def move(self, turned: Tensor) -> None:
        self.weight.add_(turned.mT if self.tall else turned, alpha=-self.rate)


def orthogonalized(matrices: Tensor) -> Tensor:
    """Near U Vᵀ of each matrix U S Vᵀ in [N, rows ≤ columns], by five Newton–Schulz steps.

    A step takes X to (a + b XXᵀ + c (XXᵀ)²) X. For wide matrices it is cheaper to follow the small
    Gram matrix G = XXᵀ and the product of the polynomials alone, and to multiply X at the end. In
    low precision G's rounding errors make small eigenvalues negative, and each step multiplies
    those by a² ≈ 12: five steps diverge on gradients of low rank. So after two steps X and a fresh
    G are computed; the result is then as exact as that of the plain iteration.
    """
    norm: Tensor = torch.linalg.vector_norm(matrices, dim=(-2, -1), keepdim=True)
    x = matrices / (norm + 1e-7)
    rows, columns = x.shape[-2:]
    if columns < WIDE * rows:
        for _ in range(STEPS_BEFORE_RESTART + STEPS_AFTER):
            x = torch.bmm(_polynomial(torch.bmm(x, x.mT)), x)
        return x
    for steps in (STEPS_BEFORE_RESTART, STEPS_AFTER):
        gram = torch.bmm(x, x.mT)
        product = _polynomial(gram)
        last = product
        for _ in range(steps - 1):
            gram = torch.bmm(last, torch.bmm(gram, last))
            last = _polynomial(gram)
            product = torch.bmm(last, product)
        x = torch.bmm(product, x)
    return x


def _polynomial(gram: Tensor) -> Tensor:
    """a I + b G + c G² of each Gram matrix."""
    a, b, c = NEWTON_SCHULZ
    polynomial = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)
    polynomial.diagonal(dim1=-2, dim2=-1).add_(a)
    return polynomial


def is_for_muon(name: str, parameter: nn.Parameter) -> bool:
    """Whether a parameter of a model is one of the matrices inside its blocks."""
    return name.startswith("blocks.") and parameter.ndim == 2
