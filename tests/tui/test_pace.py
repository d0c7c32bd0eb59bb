"""The screen rests for what it has cost, not for how long others made it wait."""

from __future__ import annotations

import threading
import time

from minigpt_tui.tui.pace import REST_FACTOR, clock, rest_since


def test_a_frame_that_had_to_wait_for_others_is_followed_by_no_long_rest() -> None:
    began = clock()
    held = threading.Event()
    threading.Timer(0.5, held.set).start()
    held.wait()
    assert rest_since(began) < 0.5 * REST_FACTOR / 10


def test_a_frame_that_used_the_processor_is() -> None:
    began = clock()
    wall = time.monotonic()
    while clock() - began < 0.05 and time.monotonic() - wall < 60:
        pass
    assert rest_since(began) >= 0.05 * REST_FACTOR
