"""Keeps a run within its minutes: how many steps fit, judged by the pace so far."""

from __future__ import annotations

FIRST_LOOK_STEPS = 20
LOOK_EVERY_SHARE = 0.05
"""Of the steps that are left: so looks come closer together towards the end."""
WORTH_CHANGING = 0.01
SPARE_SECONDS = 0.3
"""Kept for the last checkpoint."""


class TimeBudget:
    """Compares the pace with the plan now and then. Without minutes it never changes anything."""

    def __init__(self, minutes: float | None) -> None:
        self.seconds = None if minutes is None else max(minutes * 60 - SPARE_SECONDS, 1.0)
        self.start_at(0, 0.0)

    def start_at(self, step: int, wall_seconds: float) -> None:
        """Forgets the pace: a resumed run may be on another machine."""
        self._first_step, self._first_seconds = step, wall_seconds
        self._next_look = step + FIRST_LOOK_STEPS

    def steps_that_fit(self, seconds_per_step: float) -> int:
        """The first plan, from a measured step."""
        assert self.seconds is not None
        return max(1, int(self.seconds / seconds_per_step))

    def end(self, step: int, wall_seconds: float, total_steps: int) -> int | None:
        """The steps after which the run should end, if the pace asks for another number.

        `wall_seconds` have been spent on `step` steps so far, evaluations and all.
        """
        if self.seconds is None or step < self._next_look:
            return None
        pace = (wall_seconds - self._first_seconds) / (step - self._first_step)
        left = max(1, int((self.seconds - wall_seconds) / pace))
        self._next_look = step + max(1, int(left * LOOK_EVERY_SHARE))
        planned_left = total_steps - step
        if abs(left - planned_left) <= max(1.0, WORTH_CHANGING * planned_left):
            return None
        return step + left
