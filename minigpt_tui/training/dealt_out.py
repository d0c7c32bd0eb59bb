"""Tensors of which each process holds a part (FSDP2's DTensor): the whole, and the part again.

torch.distributed.tensor takes half a second to import, so only a training that shards pays for it;
its tensors are known by their method `full_tensor`.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def is_dealt_out(value: Any) -> bool:
    """Whether other processes hold the rest of this tensor."""
    return isinstance(value, Tensor) and hasattr(value, "full_tensor")


def whole(tensor: Tensor) -> Tensor:
    """The tensor in one piece, itself where it is; to be called by all processes together."""
    if not is_dealt_out(tensor):
        return tensor
    gathered: Tensor = tensor.full_tensor()  # type: ignore[attr-defined]
    return gathered


@torch.no_grad()
def part_of(tensor: Tensor, like: Tensor) -> Tensor:
    """This process's part of a whole tensor, dealt out as `like` is; itself where that is whole."""
    if not is_dealt_out(like):
        return tensor
    from torch.distributed.tensor import DTensor, distribute_tensor

    assert isinstance(like, DTensor)
    # src_data_rank None: every process has the whole already, nothing is sent.
    return distribute_tensor(
        tensor.to(like.device), like.device_mesh, like.placements, src_data_rank=None
    )
