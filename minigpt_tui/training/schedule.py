"""The learning rate at a step: a linear warm-up, then a cosine or a constant."""

from __future__ import annotations

import math

from minigpt_tui.config import TrainingConfig


def learning_rate(training: TrainingConfig, step: float, total_steps: int) -> float:
    """Learning rate of optimizer step `step` (from 0) in a run of `total_steps`.

    The cosine is that of SGDR without restarts (Loshchilov & Hutter 2017): from the peak down to
    `final_lr_fraction` of it at the last step.
    """
    warmup = min(training.warmup_steps, total_steps // 10)
    if step < warmup:
        return training.lr * (step + 1) / (warmup + 1)
    if training.schedule == "constant":
        return training.lr
    progress = min(1.0, (step - warmup) / max(1, total_steps - 1 - warmup))
    floor = training.final_lr_fraction
    return training.lr * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress)))
