"""The screen rests for what it has cost, not for how long others made it wait."""

from __future__ import annotations

import threading
import time

from minigpt_tui.tui.pace import LONGEST_REST, REST_FACTOR, clock, rest_since


def test_a_frame_that_had_to_wait_for_others_is_followed_by_no_long_rest() -> None:
    began = clock()
    held = threading.Event()
    threading.Timer(0.5, held.set).start()
    held.wait()
    assert rest_since(began) < 0.5 * REST_FACTOR / 10


def used(seconds: float) -> float:
    """The moment from which so much of the processor has been used."""
    began, wall = clock(), time.monotonic()
    while clock() - began < seconds and time.monotonic() - wall < 60:
        pass
    return began


def test_a_frame_that_used_the_processor_is() -> None:
    assert rest_since(used(0.02)) >= 0.02 * REST_FACTOR


def test_no_frame_leaves_the_screen_behind_for_long() -> None:
    assert rest_since(used(0.2)) == LONGEST_REST
