"""The status of a run tells the truth, whatever became of its writer."""

from __future__ import annotations

import dataclasses
import json
import math
import os
import time

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.status import Status, read_status, write_status


@pytest.fixture
def run(data: DataFolder) -> RunFolder:
    return create_run(data, "r", RunConfig())


def test_a_status_comes_back_as_it_was_written(run: RunFolder) -> None:
    status = Status("completed", step=3, train_loss=1.25, seconds=7.0, message="fertig ✓")
    write_status(run, status)
    assert read_status(run) == status
    assert status.pid == os.getpid()


def test_losses_that_are_not_numbers_survive(run: RunFolder) -> None:
    write_status(run, Status("diverged", train_loss=math.nan, val_loss=math.inf))
    status = read_status(run)
    assert status.train_loss is not None
    assert math.isnan(status.train_loss)
    assert status.val_loss == math.inf


@pytest.mark.parametrize("state", ["preparing", "training", "paused"])
def test_a_live_state_without_an_owner_is_interrupted(run: RunFolder, state: str) -> None:
    with run_lock(run):
        write_status(run, Status(state, step=5, eta_seconds=9.0))
        assert read_status(run).state == state
        assert read_status(run).live
    status = read_status(run)
    assert (status.state, status.step, status.eta_seconds) == ("interrupted", 5, None)
    assert not status.live


@pytest.mark.parametrize("state", ["stopped", "completed", "diverged", "failed"])
def test_a_final_state_needs_no_owner(run: RunFolder, state: str) -> None:
    write_status(run, Status(state))
    assert read_status(run).state == state


def test_on_another_host_the_heartbeat_tells(run: RunFolder) -> None:
    alive = Status("training", host="elsewhere", heartbeat=time.time())
    write_status(run, alive)
    assert read_status(run).state == "training"
    write_status(run, dataclasses.replace(alive, heartbeat=time.time() - 61))
    assert read_status(run).state == "interrupted"


def test_a_missing_status_is_unknown(run: RunFolder) -> None:
    assert read_status(run).state == "unknown"
    assert read_status(RunFolder(run.path / "nowhere")).state == "unknown"


def test_a_torn_status_is_unknown(run: RunFolder) -> None:
    write_status(run, Status("completed"))
    whole = run.status_file.read_bytes()
    for length in range(len(whole)):
        run.status_file.write_bytes(whole[:length])
        assert read_status(run).state == "unknown"


@pytest.mark.parametrize(
    "change",
    [
        {"state": "happy"},
        {"state": "interrupted"},
        {"state": None},
        {"state": []},
        {"step": "x"},
        {"step": 1.5},
        {"step": True},
        {"heartbeat": None},
        {"host": 3},
    ],
)
def test_a_status_that_makes_no_sense_is_unknown(run: RunFolder, change: dict[str, object]) -> None:
    plain = dataclasses.asdict(Status("completed")) | change
    run.status_file.write_text(json.dumps(plain))
    assert read_status(run).state == "unknown"
    run.status_file.write_bytes(b"\xff" * 100_000)
    assert read_status(run).state == "unknown"


def test_keys_of_a_newer_version_are_ignored(run: RunFolder) -> None:
    plain = dataclasses.asdict(Status("completed")) | {"mood": "fine"}
    run.status_file.write_text(json.dumps(plain))
    assert read_status(run).state == "completed"
