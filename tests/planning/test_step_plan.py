"""A re-planned schedule goes on without a jump and ends at its end."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.planning.step_plan import Change, StepPlan


def test_without_changes_every_step_is_its_own_place():
    plan = StepPlan(100)
    assert [plan.place(step).position for step in (0, 50, 100)] == [0, 50, 100]
    assert plan.total_steps == 100


def test_a_change_spreads_the_rest_over_the_steps_that_are_left():
    plan = StepPlan(100, [Change(50, 75)])
    assert plan.total_steps == 75
    assert plan.place(49).position == 49
    assert plan.place(50).position == 50
    assert plan.place(51).position == 52
    assert plan.place(75).position == 100


def test_an_extension_at_the_end_begins_a_schedule_of_its_own():
    plan = StepPlan(100, [Change(100, 150, "extended")])
    assert plan.total_steps == 150
    assert (plan.place(99).position, plan.place(99).steps) == (99, 100)
    assert (plan.place(100).position, plan.place(100).steps) == (0, 50)
    assert plan.place(149).position == 49


def test_an_extension_before_the_end_spreads_the_rest_of_the_schedule():
    plan = StepPlan(100, [Change(50, 150, "extended")])
    assert plan.place(50).position == 50
    assert plan.place(100).position == 75
    assert plan.place(100).steps == 100


def test_another_rate_leaves_the_schedule_where_it_is():
    plan = StepPlan(100, [Change(40, 100, "rate", 0.5)])
    assert [plan.place(step).lr_factor for step in (39, 40, 99)] == [1, 0.5, 0.5]
    assert plan.place(70).position == 70


def test_going_back_makes_void_what_was_changed_beyond():
    plan = StepPlan(100, [Change(20, 120), Change(60, 90), Change(30, 120, "rolled-back", 0.3)])
    assert [change.step for change in plan.changes] == [20, 30]
    assert plan.total_steps == 120
    assert plan.place(50).lr_factor == 0.3
    assert plan.place(25).lr_factor == 1


@given(
    st.integers(1, 1000),
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 500)), max_size=5),
)
@settings(deadline=None)
def test_the_schedule_never_jumps_back_and_always_ends(planned, moves):
    plan, step = StepPlan(planned), 0
    for forward, left in moves:
        step = min(step + forward, plan.total_steps)
        before = plan.place(step).position
        plan.change(Change(step, step + left))
        assert plan.place(step).position == pytest.approx(before) or left == 0
    places = [plan.place(s).position for s in range(plan.total_steps + 1)]
    assert places == sorted(places)
    if plan.total_steps > step:
        assert places[-1] == pytest.approx(planned)


def test_the_same_changes_give_the_same_places():
    changes = [Change(10, 200), Change(60, 90)]
    one = StepPlan(100, changes)
    other = StepPlan(100)
    for change in changes:
        other.change(change)
    assert [one.place(s).position for s in range(91)] == [
        other.place(s).position for s in range(91)
    ]
