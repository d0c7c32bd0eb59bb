"""How fast this machine has trained so far, to say how long the next run will take."""

from __future__ import annotations

import math
import socket
from collections.abc import Sequence
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


@dataclass(frozen=True)
class RecentRun:
    """What a run of this machine reached."""

    name: str
    step_flops: float
    flops: float  # floating-point operations a second


def recent_runs(data: DataFolder) -> tuple[RecentRun, ...]:
    """The newest runs that were trained on this machine, as far as they tell a speed."""
    found = []
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
        if flops > 0 and reached > 0:
            found.append(RecentRun(run.name, flops, reached))
    return tuple(found)


def pace_by(
    recent: Sequence[RecentRun], config: RunConfig, parameters: int, tokens: int
) -> Pace | None:
    """What a training on so many tokens takes, by the run of the nearest size; None without any.

    Good to a factor of two where the sizes are alike: a small step reaches less of a processor
    than a large one.
    """
    wanted = step_flops(parameters, config)
    if not recent or wanted <= 0:
        return None
    nearest = min(recent, key=lambda run: abs(math.log(run.step_flops / wanted)))
    speed = nearest.flops * _share(wanted) / _share(nearest.step_flops)
    seconds = FLOPS_PER_WEIGHT_AND_TOKEN * parameters * tokens / speed
    distance = abs(math.log(nearest.step_flops / wanted))
    return Pace(seconds, nearest.name, distance <= math.log(FAR_APART))


def _share(flops: float) -> float:
    """Of the speed of the largest steps, what a step of this size reaches."""
    return flops / (flops + HALF_SPEED_FLOPS)
