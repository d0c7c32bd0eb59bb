"""The range test ends where the loss turns up, and suggests a rate well below."""

from __future__ import annotations

import math

import pytest

from minigpt_tui.jobs.lr_range import RANGES, RISEN, STEPS, find_lr, suggested_lr
from minigpt_tui.jobs.train import train_new
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.runs.status import read_status
from minigpt_tui.settings import with_settings
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.training.control import Control

LRS = [1e-5 * 10 ** (step / 20) for step in range(100)]


def valley(bottom, edge):
    """Losses that fall from 4 to 2 around a rate of `bottom` and shoot up beyond `edge`."""
    return [4 - 2 / (1 + (bottom / lr) ** 2) + (lr / edge) ** 4 for lr in LRS]


def test_the_suggestion_lies_in_the_fall_and_below_the_lowest_point():
    losses = valley(bottom=1e-3, edge=0.1)
    lowest = LRS[losses.index(min(losses))]
    suggestion = suggested_lr(LRS, losses)
    assert suggestion is not None
    assert 1e-3 < suggestion <= lowest / 3


def test_a_cliff_right_behind_the_fall_is_kept_away_from():
    losses = valley(bottom=1e-3, edge=2e-3)
    lowest = LRS[losses.index(min(losses))]
    assert suggested_lr(LRS, losses) == pytest.approx(lowest / 3, rel=0.05)


@pytest.mark.parametrize("losses", [[4.0] * 100, [4.0 + lr for lr in LRS], []])
def test_without_a_fall_there_is_no_suggestion(losses):
    assert suggested_lr(LRS[: len(losses)], losses) is None


@pytest.mark.parametrize("optimizer", ["adam", "muon"])
def test_the_rate_rises_geometrically_until_the_loss_turns_up(config, data, optimizer):
    found = find_lr(with_settings(config, {"optimizer": optimizer}), data, Control())
    first, last = RANGES[optimizer]
    assert found.lrs[0] == first
    ratio = (last / first) ** (1 / (STEPS - 1))
    assert all(
        b / a == pytest.approx(ratio) for a, b in zip(found.lrs, found.lrs[1:], strict=False)
    )
    assert len(found.lrs) == len(found.losses) == len(found.smoothed)
    assert all(map(math.isfinite, found.losses))
    assert found.smoothed[0] == pytest.approx(found.losses[0])
    assert found.diverged_at is not None
    assert found.smoothed[-1] > RISEN * min(found.smoothed)
    assert found.suggestion is not None
    assert first < found.suggestion < found.diverged_at / 3


def test_the_suggestion_is_better_than_a_tenth_and_ten_times_as_much(config, data):
    suggestion = find_lr(config, data, Control()).suggestion
    assert suggestion is not None
    losses = []
    for lr in (suggestion / 10, suggestion, suggestion * 10):
        changed = with_settings(config, {"lr": lr, "steps": 60})
        losses.append(read_status(train_new(changed, data, Control()).run).best_val_loss)
    assert losses[1] == min(losses)


def test_it_leaves_no_run_and_is_repeatable(config, data):
    assert find_lr(config, data, Control()) == find_lr(config, data, Control())
    assert list_runs(data) == []


def test_it_can_be_stopped_between_two_steps(config, data):
    control = Control()

    def say(message):
        if message.startswith("Step 5/"):
            control.stop()

    with pytest.raises(CancelledError):
        find_lr(config, data, control, say=say)
