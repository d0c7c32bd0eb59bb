"""The optimizer that the configuration names, over every parameter exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import Any, Protocol

import torch
from torch import nn

from minigpt_tui.config import TrainingConfig
from minigpt_tui.training.execution import supports_bf16
from minigpt_tui.training.muon import Muon, is_for_muon

ADAMW_SHARE = 1.0
"""AdamW's rate for what Muon does not take, as a share of Muon's, whose updates are scaled to be as
large as AdamW's. Of 0.25, 0.5 and 1 the last learned most in races of a few hundred steps."""
_STACKED = {"qkv": 3, "gate_up": 2}
"""Matrices that lie on top of one another in a fused weight."""

Group = dict[str, Any]


class Optimizer(Protocol):
    """What training asks of an optimizer.

    Each group has an `lr_scale`: the share of the schedule's learning rate that is its own.
    """

    @property
    def param_groups(self) -> list[Group]: ...
    def step(self) -> Any: ...
    def zero_grad(self, set_to_none: bool = True) -> None: ...
    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> None: ...


def build_optimizer(model: nn.Module, training: TrainingConfig) -> Optimizer:
    """The optimizer of a run.

    adam: Adam (Kingma & Ba 2015). adamw: the same with decoupled decay of the matrices (Loshchilov
    & Hutter 2019). muon: Muon for the matrices of the blocks, AdamW for embeddings, norms, biases
    and head. Biases, norms and embeddings are never decayed: pulling them to zero does not
    regularise.
    """
    named = list(model.named_parameters())
    if training.optimizer == "muon":
        inside = [(name, p) for name, p in named if is_for_muon(name, p)]
        rest = [(name, p) for name, p in named if not is_for_muon(name, p)]
        optimizer: Optimizer = MuonAndAdamW(
            _muon(inside, training), _adamw(rest, training, lr_scale=ADAMW_SHARE)
        )
    else:
        optimizer = _adamw(named, training, lr_scale=1.0)
    grouped = [id(p) for group in optimizer.param_groups for p in group["params"]]
    assert sorted(grouped) == sorted(id(p) for _, p in named), "each parameter in one group"
    return optimizer


class MuonAndAdamW:
    """Two optimizers that share a model's parameters between them and act as one."""

    def __init__(self, muon: Muon, adamw: torch.optim.AdamW) -> None:
        self.muon = muon
        self.adamw = adamw

    @property
    def param_groups(self) -> list[Group]:
        return [*self.muon.param_groups, *self.adamw.param_groups]

    def step(self) -> None:
        self.muon.step()
        self.adamw.step()

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.muon.zero_grad(set_to_none)
        self.adamw.zero_grad(set_to_none)

    def state_dict(self) -> dict[str, Any]:
        return {"muon": self.muon.state_dict(), "adamw": self.adamw.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.muon.load_state_dict(state_dict["muon"])
        self.adamw.load_state_dict(state_dict["adamw"])


def _muon(named: list[tuple[str, nn.Parameter]], training: TrainingConfig) -> Muon:
    assert named, "a model has matrices in its blocks"
    by_stack = sorted(named, key=lambda item: _stacked(item[0]))
    groups = [
        {"params": [p for _, p in members], "stacked": stacked, "lr_scale": 1.0}
        for stacked, members in groupby(by_stack, key=lambda item: _stacked(item[0]))
    ]
    hardware_has_bf16 = supports_bf16(named[0][1].device)
    return Muon(
        groups,
        training.lr,
        weight_decay=training.weight_decay,
        precision="bfloat16" if hardware_has_bf16 else "float32",
    )


def _adamw(
    named: Iterable[tuple[str, nn.Parameter]], training: TrainingConfig, *, lr_scale: float
) -> torch.optim.AdamW:
    decayed: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for name, parameter in named:
        is_matrix = parameter.ndim >= 2 and "embedding" not in name
        (decayed if is_matrix else kept).append(parameter)
    weight_decay = 0.0 if training.optimizer == "adam" else training.weight_decay
    groups = [
        {"params": decayed, "weight_decay": weight_decay, "lr_scale": lr_scale},
        {"params": kept, "weight_decay": 0.0, "lr_scale": lr_scale},
    ]
    # Fused: one kernel for all parameters instead of a Python loop, on CPU as on CUDA.
    return torch.optim.AdamW(groups, lr=training.lr, betas=(0.9, training.beta2), fused=True)


def _stacked(name: str) -> int:
    return _STACKED.get(name.split(".")[-2], 1)
