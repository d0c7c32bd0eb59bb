"""How fast this machine has trained so far, to say how long the next run will take."""

from __future__ import annotations

import math
import socket
from dataclasses import dataclass

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import list_runs, read_config, read_info
from minigpt_tui.runs.status import read_status

LOOKED_AT = 20
"""Runs that are looked at, the newest first."""
FLOPS_PER_WEIGHT_AND_TOKEN = 6
"""Forward and backward pass (Kaplan et al. 2020, "Scaling laws for neural language models")."""
HALF_SPEED_FLOPS = 2e9
"""A step of so many operations reaches half of what the largest steps do: below it, what every
step costs whatever its size prevails. Between the presets tiny and standard on a processor."""
FAR_APART = 10.0
"""Steps that differ by more than this factor say little about one another."""


@dataclass(frozen=True)
class Pace:
    """What a run like a configuration is expected to take, judged by a run that was trained here.

    `alike` is whether the steps of the two are of about the same size.
    """

    seconds: float
    run: str
    alike: bool


def step_flops(parameters: int, config: RunConfig) -> float:
    """Floating-point operations of a full step."""
    tokens = config.training.batch_size * config.model.max_seq_len
    return float(FLOPS_PER_WEIGHT_AND_TOKEN * parameters * tokens)


def expected_pace(data: DataFolder, config: RunConfig, parameters: int, tokens: int) -> Pace | None:
    """What a training on so many tokens takes, by the run of the nearest size; None without any.

    Good to a factor of two where the sizes are alike: a small step reaches less of a processor
    than a large one.
    """
    wanted = step_flops(parameters, config)
    nearest: tuple[float, float, str] | None = None
    for run in list_runs(data)[:LOOKED_AT]:
        status = read_status(run)
        if status.host != socket.gethostname() or not status.tokens_per_second:
            continue
        try:
            weights, its_config = read_info(run).parameters, read_config(run)
        except ValueError:  # a damaged run says nothing; the Runs pane names it
            continue
        flops = step_flops(weights, its_config)
        reached = FLOPS_PER_WEIGHT_AND_TOKEN * weights * status.tokens_per_second
        if flops <= 0 or reached <= 0:
            continue
        distance = abs(math.log(flops / wanted))
        if nearest is None or distance < nearest[0]:
            nearest = distance, reached * _share(wanted) / _share(flops), run.name
    if nearest is None:
        return None
    distance, speed, name = nearest
    seconds = FLOPS_PER_WEIGHT_AND_TOKEN * parameters * tokens / speed
    return Pace(seconds, name, distance <= math.log(FAR_APART))


def _share(flops: float) -> float:
    """Of the speed of the largest steps, what a step of this size reaches."""
    return flops / (flops + HALF_SPEED_FLOPS)
