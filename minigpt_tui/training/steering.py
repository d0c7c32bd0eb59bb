"""Keeps a run's plan: repeats the changes on record, then makes those that are asked for."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator

from minigpt_tui.config import TrainingConfig
from minigpt_tui.planning.step_plan import Change, StepPlan, in_force
from minigpt_tui.training.control import Orders
from minigpt_tui.training.schedule import learning_rate
from minigpt_tui.training.time_budget import TimeBudget

ROLLED_BACK_LR = 0.3
"""What a run that went back goes on with, as a share of the rate that it had."""


class Steering:
    """The plan of one training: how many steps, and the learning rate of each.

    `known_changes` are those that a run to be resumed has on record, in the order of their making.
    """

    def __init__(
        self, training: TrainingConfig, planned_steps: int, known_changes: Iterable[Change] = ()
    ) -> None:
        self.training = training
        self.plan = StepPlan(planned_steps)
        self._known = deque(in_force(known_changes))
        self._budget = TimeBudget(training.minutes)

    @property
    def total_steps(self) -> int:
        return self.plan.total_steps

    @property
    def has_rolled_back(self) -> bool:
        """Whether the run has gone back once, or is on the way to a step where it did."""
        return any(change.kind == "rolled-back" for change in (*self.plan.changes, *self._known))

    def take_up(
        self, planned_steps: int, changes: Iterable[Change], step: int, wall_seconds: float
    ) -> None:
        """Goes on from a checkpoint at `step` that had this plan."""
        known = [*self._known]
        self.plan = StepPlan(planned_steps, changes)
        self._known = deque(change for change in known if change not in self.plan.changes)
        self._budget = TimeBudget(self.training.minutes)
        for change in self.plan.changes:
            self._set_budget(change)
        self._budget.start_at(step, wall_seconds)

    def rate(self, step: int) -> float:
        """The learning rate of optimizer step `step` (from 0)."""
        place = self.plan.place(step)
        return place.lr_factor * learning_rate(self.training, place.position, place.steps)

    def repeat(self, step: int) -> None:
        """Takes up what is on record for this step and those before it."""
        while self._known and self._known[0].step <= step:
            self._take(self._known.popleft(), None)

    def end_in_time(self, step: int, wall_seconds: float) -> int | None:
        """The steps after which a time budget would end the run, where that is news."""
        if self._known:
            return None
        return self._budget.end(step, wall_seconds, self.total_steps)

    def changes(self, orders: Orders, step: int, wall_seconds: float) -> Iterator[Change]:
        """What the orders change at `step`; each is to be acted on with `act`."""
        factor = self.plan.lr_factor
        if orders.lr is not None and orders.lr != factor * self.training.lr:
            yield Change(step, self.total_steps, "rate", orders.lr / self.training.lr)
        if orders.total_steps is not None and orders.total_steps != self.total_steps:
            end = max(orders.total_steps, step)
            yield Change(step, end, "extended", self.plan.lr_factor)
        if orders.more_minutes is not None:
            pace = wall_seconds / step if step else None
            more = max(1, int(60 * orders.more_minutes / pace)) if pace else self.total_steps
            budget = wall_seconds / 60 + orders.more_minutes
            yield Change(step, step + more, "extended", self.plan.lr_factor, budget)
        elif orders.end_in_time is not None:
            yield Change(step, orders.end_in_time, "replanned", self.plan.lr_factor)

    def going_back(self, step: int) -> Change:
        """The change that goes with a return to `step`: from there on at a lower rate than then."""
        factor = ROLLED_BACK_LR * self.plan.place(step).lr_factor
        return Change(step, self.total_steps, "rolled-back", factor)

    def act(self, change: Change, wall_seconds: float) -> None:
        """Takes up a change that is on record now."""
        self._known.clear()
        self._take(change, wall_seconds)

    def _take(self, change: Change, wall_seconds: float | None) -> None:
        self.plan.change(change)
        self._set_budget(change)
        if wall_seconds is not None and change.kind != "replanned":
            self._budget.start_at(change.step, wall_seconds)

    def _set_budget(self, change: Change) -> None:
        if change.budget_minutes is not None:
            self._budget = TimeBudget(change.budget_minutes)
