"""How fast this machine has trained so far, to say how long the next run will take."""

from __future__ import annotations

import socket
import statistics

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import list_runs, read_info
from minigpt_tui.runs.status import read_status

LOOKED_AT, COUNTED = 20, 5
"""Runs that are looked at, the newest first, and how many of them are enough."""
FLOPS_PER_WEIGHT_AND_TOKEN = 6
"""Forward and backward pass (Kaplan et al. 2020, "Scaling laws for neural language models")."""


def achieved_flops(data: DataFolder) -> float | None:
    """Floating-point operations a second that recent runs reached here; None without any."""
    found: list[float] = []
    for run in list_runs(data)[:LOOKED_AT]:
        status = read_status(run)
        try:
            parameters = read_info(run).parameters
        except ValueError:
            continue
        if status.host == socket.gethostname() and status.tokens_per_second and parameters:
            found.append(FLOPS_PER_WEIGHT_AND_TOKEN * parameters * status.tokens_per_second)
        if len(found) == COUNTED:
            break
    return statistics.median(found) if found else None


def expected_seconds(parameters: int, tokens: int, flops: float) -> float:
    """What a training on so many tokens takes at this speed. Good to a factor of two: small models
    reach less of a processor than large ones."""
    return FLOPS_PER_WEIGHT_AND_TOKEN * parameters * tokens / flops
