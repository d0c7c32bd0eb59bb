"""Which keys of the Runs pane are there: those that do something."""

from __future__ import annotations

from dataclasses import replace

from minigpt_tui.tui.actions import actions_of
from minigpt_tui.tui.runs.run_keys import Situation, applies

NO_RUN = Situation()
STOPPED = Situation(selected=True, listed=True, resumable=True, has_model=True)
LIVE = Situation(selected=True, listed=True, live=True)


def keys(now: Situation) -> set[str]:
    return {action.id for action in actions_of("runs") if applies(action.id, now)}


def test_without_a_run_nothing_can_be_done_but_bring_one_back() -> None:
    assert keys(NO_RUN) == set()
    assert keys(replace(NO_RUN, deleted=True)) == {"undo_delete", "empty_trash"}
    assert keys(replace(NO_RUN, serving=True)) == {"serve_run"}


def test_a_stopped_run_is_resumed_and_asked_and_a_live_one_steered() -> None:
    steering = {"resume_run", "train_on_run", "ask_run", "take_back_run", "stop_run", "save_run"}
    assert keys(STOPPED) & steering == {"resume_run", "train_on_run", "ask_run"}
    assert keys(LIVE) & steering == {"take_back_run", "stop_run", "save_run"}


def test_while_this_window_trains_no_other_training_begins_here() -> None:
    assert not {"resume_run", "train_on_run"} & keys(replace(STOPPED, idle=False))
    assert "take_back_run" not in keys(replace(LIVE, idle=False))
