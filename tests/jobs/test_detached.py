"""A training that outlives its window goes on bit for bit, or says why it cannot."""

from __future__ import annotations

import os
import sys

import pytest
import torch

from minigpt_tui.jobs.detached import start_detached, wait_until_it_trains
from minigpt_tui.jobs.train import train_new
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.requests import write_request
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not promised there")


@pytest.fixture
def stopped(config, data):
    """A run that has been stopped after its fourth step."""
    control = Control()

    def listen(event):
        if isinstance(event, StepDone) and event.step == 4:
            control.stop()

    return train_new(config, data, control, name="halves", on_event=listen).run


def test_it_goes_on_bit_for_bit(config, data, stopped):
    whole = train_new(config, data, Control(), name="whole").run
    detached = start_detached(stopped, data)
    wait_until_it_trains(detached, seconds=60)
    assert os.getsid(detached.pid) == detached.pid, "a session of its own"
    assert detached.process.wait(60) == 0
    assert read_status(stopped).state == "completed"
    assert "Resumed after step 4" in stopped.background_log.read_text()
    one, other = load_checkpoint(whole.final), load_checkpoint(stopped.final)
    for name, weight in one.model_state.items():
        assert torch.equal(weight, other.model_state[name]), name


def test_the_reason_for_not_starting_is_told(corpus, data, stopped):
    corpus.write_text("another text altogether, and long enough to be split. " * 20)
    detached = start_detached(stopped, data)
    with pytest.raises(ValueError, match="corpus of halves has changed"):
        wait_until_it_trains(detached, seconds=60)
    assert detached.process.returncode == 2


def test_who_waits_can_call_it_off_and_nothing_is_left(data, stopped):
    detached = start_detached(stopped, data)
    with pytest.raises(CancelledError):
        wait_until_it_trains(detached, should_stop=lambda: True)
    assert detached.process.returncode is not None
    assert read_status(stopped).state == "stopped"


def test_a_silent_process_is_given_up(data, stopped):
    detached = start_detached(stopped, data)
    with pytest.raises(ValueError, match=r"no sign of life for 0 s"):
        wait_until_it_trains(detached, seconds=0.0)
    assert detached.process.returncode is not None
    with pytest.raises(ValueError, match="Nobody is training"):
        write_request(stopped, "stop")
