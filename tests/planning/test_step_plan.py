"""A re-planned schedule goes on without a jump and ends at its end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.planning.step_plan import Change, StepPlan


def test_without_changes_every_step_is_its_own_place():
    plan = StepPlan(100)
    assert [plan.scheduled_step(step) for step in (0, 50, 100)] == [0, 50, 100]
    assert plan.total_steps == 100


def test_a_change_spreads_the_rest_over_the_steps_that_are_left():
    plan = StepPlan(100, [Change(50, 75)])
    assert plan.total_steps == 75
    assert plan.scheduled_step(49) == 49
    assert plan.scheduled_step(50) == 50
    assert plan.scheduled_step(51) == 52
    assert plan.scheduled_step(75) == 100


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 500)), max_size=5),
)
@settings(deadline=None)
def test_the_schedule_never_jumps_back_and_always_ends(planned, moves):
    plan, step = StepPlan(planned), 0
    for forward, left in moves:
        step = min(step + forward, plan.total_steps)
        before = plan.scheduled_step(step)
        plan.change(Change(step, step + left))
        assert plan.scheduled_step(step) == pytest.approx(before) or left == 0
    places = [plan.scheduled_step(s) for s in range(plan.total_steps + 1)]
    assert places == sorted(places)
    if plan.total_steps > step:
        assert places[-1] == pytest.approx(planned)


def test_the_same_changes_give_the_same_places():
    changes = [Change(10, 200), Change(60, 90)]
    one = StepPlan(100, changes)
    other = StepPlan(100)
    for change in changes:
        other.change(change)
    assert [one.scheduled_step(s) for s in range(91)] == [
        other.scheduled_step(s) for s in range(91)
    ]
