"""Zoom and pan keep what they should keep, and a part that follows keeps up with the run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.plot_look import (
    Reach,
    between,
    followed,
    in_words,
    panned,
    seen,
    zoomed,
)
from minigpt_tui.tui.plot.plot_state import Part

WHOLE = Axis(0.0, 1000.0)
REACH = Reach(WHOLE, newest=900.0, last=900.0, steps=900)
LOG = Reach(Axis(1.0, 1000.0, log=True), newest=900.0, last=900.0, steps=900)


@pytest.mark.parametrize("reach", [REACH, LOG])
def test_a_zoom_keeps_its_centre_where_it_is(reach: Reach) -> None:
    part = zoomed(reach.whole, reach, 0.5, 400.0)
    assert part is not None
    axis, _ = seen(reach, part)
    assert axis.fraction(400.0) == pytest.approx(reach.whole.fraction(400.0))
    assert zoomed(axis, reach, 2.0, 400.0) is None, "the way back is the whole"


def test_a_zoom_ends_at_a_few_steps() -> None:
    axis = WHOLE
    for _ in range(40):
        axis, _ = seen(REACH, zoomed(axis, REACH, 0.5, 900.0))
    assert 3 <= axis.upper - axis.lower <= 6
    assert axis.lower < axis.upper


def test_a_part_with_the_newest_step_follows_and_a_pan_leaves_it() -> None:
    part = between(REACH, 600.0, 950.0)
    assert part is not None
    assert part.follows
    axis, part = seen(REACH, part)
    left = panned(axis, REACH, -0.5)
    assert left is not None
    assert not left.follows
    assert left.upper - left.lower == pytest.approx(350)
    back = followed(seen(REACH, left)[0], REACH)
    assert back.follows
    assert back.lower < 900 <= back.upper


def test_a_part_that_follows_moves_in_jumps() -> None:
    part = Part(600.0, 900.0, follows=True)
    lowers = set()
    for newest in range(900, 1000):
        axis, part = seen(Reach(Axis(0.0, 2000.0), newest, newest, newest), part)
        assert part is not None
        assert axis.lower < newest <= axis.upper
        assert axis.upper - axis.lower == pytest.approx(300)
        lowers.add(axis.lower)
    assert len(lowers) <= 5, "each move costs a new frame"


def test_a_part_that_does_not_follow_stays() -> None:
    part = Part(100.0, 200.0, follows=False)
    assert seen(Reach(Axis(0.0, 5000.0), 4000, 4000, 4000), part)[0] == Axis(100.0, 200.0)


@given(st.floats(-5, 5), st.floats(0, 990), st.floats(5, 900))
def test_a_pan_stays_within_the_run(share: float, lower: float, width: float) -> None:
    axis = Axis(lower, min(lower + width, 1000.0))
    part = panned(axis, REACH, share)
    if part is not None:
        assert part.lower >= WHOLE.lower - 1e-6
        assert part.upper <= WHOLE.upper + 1e-6
        assert part.upper - part.lower == pytest.approx(max(axis.upper - axis.lower, 4.4), abs=0.5)


def test_words_say_what_is_seen_and_which_keys_lead_back() -> None:
    assert in_words("step", False, WHOLE, None) == ""
    fixed = in_words("step", False, Axis(1200, 3400), Part(1200, 3400, False))
    assert fixed == "steps 1,200–3,400 · ‹loss_plot.follow› follows · ‹loss_plot.all› all"
    follows = in_words("time", True, Axis(60, 250), Part(60, 250, True))
    assert follows == "time 1:00–4:10, log · following · ‹loss_plot.all› all"
    assert in_words("tokens", False, WHOLE, None) == "x: tokens"


def test_a_zoom_out_shows_no_emptiness_beyond_the_end() -> None:
    part = zoomed(Axis(500.0, 900.0), REACH, 2.0, 550.0)
    assert part is not None
    assert part.upper <= WHOLE.upper
