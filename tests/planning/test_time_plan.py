"""More time or a faster machine buys a larger model; a small text gets dropout."""

from __future__ import annotations

import pytest

from minigpt_tui.config_files import load_preset
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.planning.time_plan import LADDER, planned_for_time
from minigpt_tui.settings import check, with_settings

LAPTOP = 300e9


def plan(minutes: float, tokens: int = 1_000_000, speed: float = LAPTOP):
    config = with_settings(load_preset("five-minutes"), {"minutes": minutes})
    return planned_for_time(config, tokens, 70, speed)


def test_more_time_buys_a_larger_model():
    sizes = [parameter_count(plan(minutes).model, 70) for minutes in (0.1, 1, 10, 60, 600)]
    assert sizes == sorted(sizes)
    assert sizes[-1] > 5 * sizes[0]


def test_a_faster_machine_counts_as_more_time():
    assert plan(1, speed=100 * LAPTOP).model == plan(100).model


def test_every_rung_is_a_legal_configuration():
    for rung in LADDER:
        check(plan(1, speed=max(rung.operations, 1.0) / 60))


def test_a_text_that_is_seen_often_gets_dropout():
    assert plan(1, tokens=10_000_000).model.dropout == 0.0
    assert plan(5, tokens=20_000).model.dropout == 0.2


def test_windows_fit_a_small_text():
    assert plan(5, tokens=200).model.max_seq_len == 20


def test_the_planned_configuration_stands_by_itself():
    assert plan(5).training.plan == "given"


def test_without_minutes_there_is_nothing_to_plan():
    config = with_settings(load_preset("five-minutes"), {"minutes": None})
    with pytest.raises(ValueError, match="minutes"):
        planned_for_time(config, 1000, 70, LAPTOP)
