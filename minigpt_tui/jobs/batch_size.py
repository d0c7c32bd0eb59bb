"""Finds the batch size from which this machine gets most tokens a second."""

from __future__ import annotations

from collections.abc import Callable

import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.planning.memory import check_memory
from minigpt_tui.planning.steps import steps_per_epoch, total_steps
from minigpt_tui.settings import with_settings
from minigpt_tui.text.cancel import check_cancelled
from minigpt_tui.training.device import resolve_device
from minigpt_tui.training.execution import MOST_THREADS, Execution, supports_bf16
from minigpt_tui.training.trainer import TrainingData, seconds_per_step

SMALLEST, LARGEST = 8, 4096
WORTH_DOUBLING = 1.08
"""A batch of twice the size must bring so many times the tokens a second: larger ones learn less
from each token, so speed alone has to pay for them."""
FEWEST_STEPS = 300
"""A run is left with so many steps at least: fewer cannot learn, however fast they are."""


def with_fastest_batch(
    config: RunConfig, data: TrainingData, should_stop: Callable[[], bool]
) -> tuple[RunConfig, list[str]]:
    """The configuration with a measured `batch_size`, and lines for the log.

    Doubles the batch while that makes training faster and it fits into the memory.
    Raises CancelledError between two measurements when `should_stop()` says so.
    """
    device = resolve_device(config.training.device)
    precision = config.training.precision
    if precision == "auto":
        precision = "bf16" if supports_bf16(device) else "fp32"
    execution = Execution(precision, config.training.threads or MOST_THREADS)
    best, best_speed, notes = SMALLEST, 0.0, []
    size = SMALLEST
    while size <= LARGEST:
        check_cancelled(should_stop)
        candidate = _with_batch(config, size)
        if size > SMALLEST and not _may_try(candidate, data):
            break
        try:
            seconds = seconds_per_step(candidate, data, execution)
        except torch.OutOfMemoryError:
            notes.append(f"A batch of {size} does not fit into the memory of {device}")
            break
        speed = _tokens_per_step(candidate, data) / seconds
        notes.append(f"Measured: {speed:,.0f} tokens/s with a batch of {size}")
        if speed < WORTH_DOUBLING * best_speed:
            break
        best, best_speed, size = size, speed, 2 * size
    notes.append(f"Batch size: {best}")
    return _with_batch(config, best), notes


def _with_batch(config: RunConfig, size: int) -> RunConfig:
    return with_settings(config, {"batch": "given", "batch_size": size})


def _may_try(config: RunConfig, data: TrainingData) -> bool:
    """Whether a batch leaves the run enough steps and fits into what memory there is."""
    training = config.training
    per_epoch = steps_per_epoch(
        data.train.tokens - 1, config.model.max_seq_len, training.batch_size
    )
    if training.minutes is None and total_steps(training, per_epoch) < FEWEST_STEPS:
        return False
    try:
        check_memory(config, data.tokenizer.vocab_size)
    except ValueError:
        return False
    return True


def _tokens_per_step(config: RunConfig, data: TrainingData) -> float:
    targets = data.train.tokens - 1
    return targets / steps_per_epoch(targets, config.model.max_seq_len, config.training.batch_size)
