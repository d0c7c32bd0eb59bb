"""Keys that several actions of the Train pane share: never two of them apply at once."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from minigpt_tui.tui.actions import actions_of
from minigpt_tui.tui.train.training_keys import Situation, applies

IDLE = Situation(active=False)
PREPARING = Situation(active=True)
TRAINING = Situation(active=True, training=True, shown=True)
ELSEWHERE = Situation(active=False, elsewhere="training", shown=True)
STOPPED = Situation(active=False, shown=True, resumable=True)
COMPLETED = Situation(active=False, shown=True, completed=True)
SITUATIONS = (
    IDLE,
    PREPARING,
    TRAINING,
    replace(TRAINING, paused=True),
    replace(TRAINING, stopping=True),
    replace(TRAINING, paused=True, stopping=True),
    ELSEWHERE,
    replace(ELSEWHERE, elsewhere="paused"),
    STOPPED,
    COMPLETED,
    replace(STOPPED, refused=True),
)


@pytest.mark.parametrize("now", SITUATIONS)
def test_a_key_has_one_meaning_at_a_time(now: Situation) -> None:
    for narrow, run_side in product((False, True), repeat=2):
        there = replace(now, narrow=narrow, run_side=run_side)
        keys = [action.keys for action in actions_of("train") if applies(action.id, there)]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("now", "steered_by"),
    [
        (IDLE, {"start"}),
        (PREPARING, {"queue_run", "stop"}),
        (TRAINING, {"queue_run", "pause", "stop", "save_now", "measure_now", "steer"}),
        (replace(TRAINING, stopping=True), {"queue_run", "save_now", "measure_now"}),
        (ELSEWHERE, {"start", "pause", "stop", "save_now", "take_back"}),
        (
            replace(ELSEWHERE, elsewhere="paused"),
            {"start", "go_on", "stop", "save_now", "take_back"},
        ),
        (STOPPED, {"start", "resume", "steer"}),
        (COMPLETED, {"start", "steer"}),
    ],
)
def test_a_training_is_steered_by_the_keys_that_do_something(
    now: Situation, steered_by: set[str]
) -> None:
    steering = {
        *("start", "queue_run", "pause", "go_on", "resume", "stop"),
        *("save_now", "measure_now", "steer", "take_back"),
    }
    assert {action for action in steering if applies(action, now)} == steered_by


def test_what_is_out_of_sight_has_no_key() -> None:
    assert not applies("toggle_form", TRAINING)
    assert applies("toggle_form", replace(TRAINING, narrow=True))
    assert not applies("find_setting", replace(TRAINING, narrow=True, run_side=True))
    assert not applies("export_plot", IDLE)
