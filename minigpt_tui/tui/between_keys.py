"""What can wait is done between two keys, so that none of them has to wait for it.

Somebody who types presses a key every 100 to 300 ms, and it is answered within 20. A frame of a
live run or a collection of garbage that begins at any moment would meet one key of thirty; right
after an answer it meets none.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from textual.app import App
from textual.timer import Timer

ANSWERED_SECONDS = 0.06
"""After a key; its answer is painted by then."""
TYPING_SECONDS = 0.5
"""As long after a key the next one is expected, and at most so long anything waits for it."""


class BetweenKeys:
    """Calls `work` after each key, unless the next one comes sooner than the answer, and again
    as long as it says that there is more."""

    def __init__(self, app: App[None], work: Callable[[], bool]) -> None:
        self._app = app
        self._work = work
        self._pressed = self._worked = float("-inf")
        self._timer: Timer | None = None

    @property
    def typing(self) -> bool:
        """Whether what can wait should, since a key may come and a moment after it will."""
        return time.monotonic() < min(self._pressed, self._worked) + TYPING_SECONDS

    def pressed(self) -> None:
        """To be called at each key."""
        now = time.monotonic()
        if now > self._pressed + TYPING_SECONDS:
            self._worked = now  # nothing has waited yet
        self._pressed = now
        if self._timer is not None:
            self._timer.stop()
        self._wait()

    def _wait(self) -> None:
        self._timer = self._app.set_timer(ANSWERED_SECONDS, self._answered)

    def _answered(self) -> None:
        if time.monotonic() < self._pressed + ANSWERED_SECONDS / 2:
            return  # it was due already when the newest key came, which has a timer of its own
        self._timer = None
        self._worked = time.monotonic()
        if self._work():
            self._wait()
