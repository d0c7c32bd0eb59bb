"""Weights and optimizer state dealt out to several processes (FSDP2), and put together again.

Each process keeps a part of every tensor and fetches the whole of a block only while it computes
with it (Zhao et al. 2023, "PyTorch FSDP"). Checkpoints hold whole tensors: one process alone can
read what many have written.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from minigpt_tui.model.language_model import LanguageModel
from minigpt_tui.training.dealt_out import part_of, whole
from minigpt_tui.training.muon import Muon
from minigpt_tui.training.optimizer import MuonAndAdamW, Optimizer


def shard(model: LanguageModel, device: torch.device) -> None:
    """Deals the parameters of a model out to the processes, block by block, in place."""
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    blocks = model.get_submodule("blocks")
    assert isinstance(blocks, nn.ModuleList)
    for block in blocks:
        fully_shard(block, mesh=mesh)
    fully_shard(model, mesh=mesh)


def whole_state(state: Any) -> Any:
    """A state in nested containers with every tensor in one piece; to be called by all together."""
    if isinstance(state, Tensor):
        return whole(state)
    if isinstance(state, dict):
        return {name: whole_state(value) for name, value in state.items()}
    if isinstance(state, list | tuple):
        return type(state)(whole_state(value) for value in state)
    return state


def load_weights(model: nn.Module, weights: dict[str, Tensor]) -> None:
    """Takes up whole weights, each process its part where the model is dealt out."""
    own = model.state_dict()
    model.load_state_dict({name: part_of(weight, own[name]) for name, weight in weights.items()})


def load_optimizer(optimizer: Optimizer, state: dict[str, Any]) -> None:
    """Takes up the whole state of an optimizer, each process its part where it is dealt out."""
    if isinstance(optimizer, MuonAndAdamW):
        load_optimizer(optimizer.muon, state["muon"])
        load_optimizer(optimizer.adamw, state["adamw"])
        return
    assert isinstance(optimizer, Muon | torch.optim.AdamW)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    parts = {
        number: {
            # A step count is as it is; what is as large as the parameter is dealt out like it.
            name: part_of(value, parameters[number]) if value.ndim else value
            for name, value in of_parameter.items()
        }
        for number, of_parameter in state["state"].items()
    }
    optimizer.load_state_dict({**state, "state": parts})
