"""How far along its schedule a run is at each step, also when its plan is changed on the way.

A run begins with a plan of so many steps. Every change to it is recorded with its step, so that a
resume repeats it and the learning rate is the same function of the step again. Four kinds:

replanned, and a run extended before its end: the steps that are left are spread anew over what is
left of the schedule; what has been done stays as it was, and the rate does not jump.
extended at its end: a schedule of its own begins, warm-up and all, over the added steps.
rate: the peak learning rate is another from here on (steering).
rolled-back: the training went back to this step, with a lower rate; changes beyond it are void.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

KINDS = ("replanned", "extended", "rate", "rolled-back")


@dataclass(frozen=True)
class Change:
    """From `step` on, the run is to end after `total_steps`, at `lr_factor` times its schedule."""

    step: int
    total_steps: int
    kind: str = "replanned"
    lr_factor: float = 1.0
    budget_minutes: float | None = None
    """The run's time budget from here on, counted from its first step; None leaves it."""


@dataclass(frozen=True)
class Place:
    """Where a step stands: `position` of `steps` in the schedule in force, and its factor."""

    position: float
    steps: int
    lr_factor: float


class StepPlan:
    """The first plan and the changes to it."""

    def __init__(self, total_steps: int, changes: Iterable[Change] = ()) -> None:
        self.planned_steps = total_steps
        self.changes: list[Change] = []
        for change in changes:
            self.change(change)

    @property
    def total_steps(self) -> int:
        """The steps after which the run ends, as of the latest change."""
        return self.changes[-1].total_steps if self.changes else self.planned_steps

    @property
    def lr_factor(self) -> float:
        """What multiplies the schedule's rate, as of the latest change."""
        return self.changes[-1].lr_factor if self.changes else 1.0

    def change(self, change: Change) -> None:
        """Takes a change up; it makes those void that stand at later steps."""
        self.changes = in_force([*self.changes, change])

    def place(self, step: int) -> Place:
        """Where `step` (from 0) stands in the schedule that is in force at it."""
        position, steps, factor = 0.0, self.planned_steps, 1.0
        begun, total = 0, self.planned_steps
        for change in self.changes:
            if change.step > step:
                break
            position = _between(change.step, begun, total, position, steps)
            if change.kind == "extended" and change.step >= total:
                position, steps = 0.0, change.total_steps - change.step
            begun, total, factor = change.step, change.total_steps, change.lr_factor
        return Place(_between(step, begun, total, position, steps), steps, factor)


def in_force(changes: Iterable[Change]) -> list[Change]:
    """Of changes in the order in which they were made, those that still hold."""
    kept: list[Change] = []
    for change in changes:
        assert change.kind in KINDS, change.kind
        assert change.total_steps >= change.step, "a run cannot end before its plan changes"
        kept = [*(one for one in kept if one.step <= change.step), change]
    return kept


def _between(step: int, begun: int, total: int, position: float, end: int) -> float:
    """The position at `step` on the straight way from `position` at `begun` to `end` at `total`."""
    return position + (end - position) * (step - begun) / max(1, total - begun)
