"""The learning rate at a step: a linear warm-up, then the schedule that the configuration names."""

from __future__ import annotations

import math

from minigpt_tui.config import TrainingConfig


def learning_rate(training: TrainingConfig, step: float, total_steps: int) -> float:
    """Learning rate of optimizer step `step` (from 0) in a run of `total_steps`.

    A run that was re-planned stands between two steps of its first plan: `step` may be broken.

    constant: stays at the peak.
    cosine: from the peak down to `final_lr_fraction` of it at the last step; SGDR without restarts
    (Loshchilov & Hutter 2017).
    linear: in a straight line to zero, which it would reach one step after the last (Bergsma et
    al. 2025, "Straight to zero").
    wsd: warm-up, stable, decay (Hu et al. 2024, "MiniCPM"): stays, then falls in a straight line
    to zero over the last `decay_fraction` of the run (Hägele et al. 2024).
    """
    warmup = min(training.warmup_steps, total_steps // 10)
    if step < warmup:
        return training.lr * (step + 1) / (warmup + 1)
    match training.schedule:
        case "constant":
            share = 1.0
        case "cosine":
            progress = min(1.0, (step - warmup) / max(1, total_steps - 1 - warmup))
            floor = training.final_lr_fraction
            share = floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))
        case "linear":
            share = _line_to_zero(step, total_steps, total_steps - warmup)
        case "wsd":
            decay_steps = min(round(training.decay_fraction * total_steps), total_steps - warmup)
            share = _line_to_zero(step, total_steps, decay_steps)
        case unknown:
            raise AssertionError(unknown)
    return training.lr * share


def _line_to_zero(step: float, total_steps: int, decay_steps: int) -> float:
    """1 until `decay_steps` before the end, then a line that would be 0 at `total_steps`."""
    left = max(0, total_steps - step)
    return min(1.0, left / max(1, decay_steps))
