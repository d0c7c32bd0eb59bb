"""How long a run is: windows in an epoch, steps in an epoch, steps in the run."""

from __future__ import annotations

from minigpt_tui.config import TrainingConfig


def windows_per_epoch(n_targets: int, max_seq_len: int) -> int:
    """Windows of `max_seq_len` targets in which an epoch visits each of `n_targets` once.

    The windows stand side by side from an offset that each epoch draws anew. An offset other than
    zero can cost one window more (both the first and the last are ragged), and every epoch must
    have the same number of steps, so that window is always counted.
    """
    if n_targets <= 0:
        return 0
    return -(-n_targets // max_seq_len) + (1 if max_seq_len > 1 and n_targets > 1 else 0)


def steps_per_epoch(n_targets: int, max_seq_len: int, batch_size: int) -> int:
    """Optimizer steps in an epoch; the last batch may be smaller than the others."""
    return -(-windows_per_epoch(n_targets, max_seq_len) // batch_size)


def total_steps(training: TrainingConfig, per_epoch: int) -> int:
    """Optimizer steps of the run: `steps` where it is set, else all epochs."""
    return training.epochs * per_epoch if training.steps is None else training.steps
