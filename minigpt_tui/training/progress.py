"""Where a training stands."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass
class Progress:
    """Everything beside weights, optimizer and plan that a resume needs."""

    step: int = 0
    seconds: float = 0.0
    best_val_loss: float = math.inf
    evaluations_without_best: int = 0
    evaluation_due: bool = True
    epoch_loss_sum: float = 0.0
    """Sum of nats over the targets of the epoch in hand."""
    epoch_targets: int = 0
    epoch_seconds: float = 0.0
    wall_seconds: float = 0.0
    """Like `seconds`, with evaluations, checkpoints and samples: what a time budget pays."""
