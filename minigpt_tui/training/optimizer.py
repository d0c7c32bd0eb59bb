"""The optimizer that the configuration names, over every parameter exactly once."""

from __future__ import annotations

import torch
from torch import nn

from minigpt_tui.config import TrainingConfig


def build_optimizer(model: nn.Module, training: TrainingConfig) -> torch.optim.Optimizer:
    """Adam (Kingma & Ba 2015), or AdamW (Loshchilov & Hutter 2019) that decays the matrices.

    Biases, norms and embeddings are never decayed: pulling them to zero does not regularise.
    """
    decayed: list[nn.Parameter] = []
    kept: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_matrix = parameter.ndim >= 2 and "embedding" not in name
        (decayed if is_matrix else kept).append(parameter)
    assert len(decayed) + len(kept) == len(list(model.parameters()))
    weight_decay = training.weight_decay if training.optimizer == "adamw" else 0.0
    groups = [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": kept, "weight_decay": 0.0},
    ]
    # Fused: one kernel for all parameters instead of a Python loop, on CPU as on CUDA.
    return torch.optim.AdamW(groups, lr=training.lr, betas=(0.9, training.beta2), fused=True)
