"""How long the screen rests after a frame: the processor belongs to the training."""

from __future__ import annotations

import time

PULL_SECONDS = 0.25
"""Between two looks at what changed."""
REST_FACTOR = 40
"""A frame is followed by a pause of so many times its cost.

So the screen takes a fortieth of one core. The training loses as much of all of them: its threads
wait for the one that gave way to the screen.
"""
LONGEST_REST = 2.0
"""Seconds. The first frame of a run costs much once, and must not leave the screen behind."""


def clock() -> float:
    """Seconds of the processor that this thread has used.

    Not those on the wall: a frame that had to wait for others (an import in the training thread,
    a busy machine) has cost nothing, and must not hold the screen for twenty times as long.
    """
    return time.thread_time()


def rest_since(began: float) -> float:
    """Seconds to rest after a frame that began at `began` on `clock()`."""
    return min(REST_FACTOR * (clock() - began), LONGEST_REST)
