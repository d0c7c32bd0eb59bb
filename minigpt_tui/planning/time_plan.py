"""The shape, batch and dropout that make the most of a time budget.

A larger model learns more from each token but sees fewer of them in the same time. The ladder was
found by short races on a laptop's processor; a rung's place is the arithmetic that it takes to pay
off, so that it holds for a machine of any speed.
"""

from __future__ import annotations

from dataclasses import dataclass

from minigpt_tui.config import RunConfig
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.settings import with_settings


@dataclass(frozen=True)
class Rung:
    """A shape, and the floating-point operations from which on it is the best."""

    operations: float
    d_model: int
    n_heads: int
    n_layers: int
    d_ff: int
    max_seq_len: int
    batch_size: int


LADDER = (
    Rung(0.0, 128, 2, 4, 256, 48, 16),
    Rung(8e12, 128, 2, 4, 384, 96, 16),
    Rung(80e12, 192, 3, 4, 512, 128, 24),
    Rung(400e12, 256, 4, 6, 768, 192, 32),
    Rung(4e15, 384, 6, 6, 1024, 256, 64),
)

FEW_PASSES, MANY_PASSES = 5.0, 15.0
"""Passes over the text from which on a little, or more, dropout keeps it from learning by heart."""
ACHIEVED_SHARE = 0.3
"""Of the speed of a large matrix product, what a training step reaches."""


def planned_for_time(
    config: RunConfig, train_tokens: int, vocab_size: int, operations_per_second: float
) -> RunConfig:
    """`config` with shape, batch and dropout chosen for its minutes.

    `operations_per_second` is what a large matrix product reaches here. Windows longer than a
    tenth of the text are cut, so that an epoch has some. Raises ValueError without minutes.
    """
    minutes = config.training.minutes
    if minutes is None:
        raise ValueError("A plan for the time needs the time: set minutes.")
    operations = minutes * 60 * operations_per_second
    rung = [rung for rung in LADDER if rung.operations <= operations][-1]
    shaped = with_settings(
        config,
        {
            "d_model": rung.d_model,
            "n_heads": rung.n_heads,
            "n_layers": rung.n_layers,
            "d_ff": rung.d_ff,
            "max_seq_len": max(1, min(rung.max_seq_len, train_tokens // 10)),
            "batch_size": rung.batch_size,
            "plan": "given",  # the run's own configuration tells the shape that it got
        },
    )
    per_token = 6 * parameter_count(shaped.model, vocab_size)  # Kaplan et al. 2020
    passes = ACHIEVED_SHARE * operations / per_token / max(1, train_tokens)
    dropout = 0.2 if passes > MANY_PASSES else 0.1 if passes > FEW_PASSES else 0.0
    return with_settings(shaped, {"dropout": dropout})
