"""Runs that were cut off are offered at the next start."""

from __future__ import annotations

import time

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.trainings.interrupted import interrupted_runs


def cut(data: DataFolder, name: str, step: int) -> RunFolder:
    run = create_run(data, name, RunConfig())
    write_status(run, Status("training", step=step, total_steps=9000))
    run.last.write_bytes(b"x")
    return run


def test_only_what_can_go_on_is_offered(data: DataFolder) -> None:
    run = cut(data, "cut", 1234)
    without = cut(data, "too-early", 3)
    without.last.unlink()
    write_status(cut(data, "stopped", 5), Status("stopped", step=5))
    live = cut(data, "live", 7)
    with run_lock(live):
        assert interrupted_runs(data) == [(run, 1234)]


@pytest.mark.parametrize(("count", "words"), [(1, "run0 at step 1,000: F6, then r"), (4, "and 2")])
async def test_they_are_announced_once_a_start(data: DataFolder, count: int, words: str) -> None:
    for number in range(count):
        cut(data, f"run{number}", 1000 + number)
    app = Workbench(data)
    async with app.run_test() as pilot:
        limit = time.monotonic() + 30
        while not len(app._notifications) and time.monotonic() < limit:
            await pilot.pause(0.01)
        await app.action_pane("runs")
        await pilot.pause()
        (note,) = app._notifications
        assert words in note.message
        assert note.message.count("\n") < 3


async def test_a_start_without_any_is_silent(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test() as pilot:
        await app.workers.wait_for_complete()
        await pilot.pause()
        assert not len(app._notifications)
