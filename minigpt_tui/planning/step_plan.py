"""How far along its schedule a run is at each step, also when its length is changed on the way.

A run begins with a plan of so many steps. When it is re-planned (a time budget that the machine
does not keep, an extension), the steps that are left are spread anew over what is left of the
schedule; what has been done stays as it was. So the learning rate is a continuous function of the
step, and the same list of changes gives the same rates on a resume.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Change:
    """From `step` on, the run is to end after `total_steps`."""

    step: int
    total_steps: int


class StepPlan:
    """The first plan and the changes to it, in the order of their steps."""

    def __init__(self, total_steps: int, changes: Sequence[Change] = ()) -> None:
        self.planned_steps = total_steps
        self.changes: list[Change] = []
        for change in changes:
            self.change(change)

    @property
    def total_steps(self) -> int:
        """The steps after which the run ends, as of the latest change."""
        return self.changes[-1].total_steps if self.changes else self.planned_steps

    def change(self, change: Change) -> None:
        """Spreads what is left of the schedule over other steps than before."""
        assert not self.changes or change.step >= self.changes[-1].step, "changes come in order"
        assert change.total_steps >= change.step, "a run cannot end before it is re-planned"
        self.changes.append(change)

    def scheduled_step(self, step: int) -> float:
        """Where in the first plan's schedule (0 to `planned_steps`) this step stands."""
        place, total, position = 0, self.planned_steps, 0.0
        for change in self.changes:
            if change.step > step:
                break
            position = _between(change.step, place, total, position, self.planned_steps)
            place, total = change.step, change.total_steps
        return _between(step, place, total, position, self.planned_steps)


def _between(step: int, place: int, total: int, position: float, end: int) -> float:
    """The position at `step` on the straight way from `position` at `place` to `end` at `total`."""
    return position + (end - position) * (step - place) / max(1, total - place)
