"""Leaving: saved, handed to the background, or not at all; and taking a training back."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run, list_runs
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.requests import take_requests, waiting_requests
from minigpt_tui.runs.status import Status, read_status, write_status
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.trainings.elsewhere import runs_elsewhere
from minigpt_tui.tui.trainings.leave_dialog import LeaveDialog
from minigpt_tui.tui.trainings.take_back_dialog import TakeBackDialog
from tests.tui.train.test_pane import LONG, training, until, workbench
from tests.tui.window import begun, ended, endless, opened

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not promised there")


@contextmanager
def elsewhere(data: DataFolder, name: str = "elsewhere", step: int = 7) -> Iterator[RunFolder]:
    """A run that somebody else owns and trains."""
    run = create_run(data, name, RunConfig())
    with run_lock(run):
        write_status(run, Status("training", step=step, total_steps=100))
        yield run


async def ask_to_leave(app: Workbench, pilot: Pilot[None]) -> LeaveDialog:
    """Starts a training, and the question that ends it."""
    await pilot.press("ctrl+t")
    await until(pilot, lambda: training(app))
    await pilot.press("ctrl+q")
    await until(pilot, lambda: isinstance(app.screen, LeaveDialog))
    assert isinstance(app.screen, LeaveDialog)
    return app.screen


def trained_run(app: Workbench) -> RunFolder:
    assert app.session.job is not None
    assert app.session.job.run is not None
    return app.session.job.run


def said(dialog: LeaveDialog) -> str:
    return str(dialog.query_one("#progress", Static).content)


async def test_leaving_without_a_training_asks_nothing(data):
    app = Workbench(data)
    async with opened(app) as pilot:
        await pilot.press("ctrl+q")
    assert app.return_code == 0


async def test_leaving_a_training_asks_and_can_be_taken_back(data):
    app = Workbench(data)
    async with opened(app) as pilot:
        endless(app)
        app.trainings.start(app.config, "long")
        await begun(app)
        await pilot.press("ctrl+q")
        assert isinstance(app.screen, LeaveDialog)
        await pilot.press("escape")
        assert not isinstance(app.screen, LeaveDialog)
        assert app.session.active
        await pilot.press("ctrl+q", "s")
        await ended(app)
    assert list_runs(data)[0].last.exists()


async def test_without_a_process_in_the_background_the_window_stays_and_says_why(
    data: DataFolder, tmp_path: Path
) -> None:
    corpus = tmp_path / "mine.txt"
    corpus.write_text("the cat sat on the mat and ate the fish. " * 100)
    async with workbench(data, with_settings(LONG, {"corpus": (str(corpus),)})) as (app, pilot):
        dialog = await ask_to_leave(app, pilot)
        corpus.write_text("it is another text now, so the run cannot go on. " * 100)
        await pilot.press("b")
        await until(pilot, lambda: "has changed" in said(dialog))
        assert app.is_running
        assert read_status(trained_run(app)).state == "stopped"
        choices = [option.id for option in dialog.query_one(OptionList).options]
        assert choices == ["resume", "leave", "stay"]
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not dialog)
        assert not app.session.active


async def test_calling_the_hand_over_off_trains_on_in_the_window(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        dialog = await ask_to_leave(app, pilot)
        run, first = trained_run(app), app.session.job
        app.queue.add(LONG)
        await pilot.press("b")
        await until(pilot, lambda: "background" in said(dialog))  # its process is being started
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not dialog)
        await until(pilot, lambda: app.session.job is not first and app.session.active)
        await until(pilot, lambda: read_status(run).state == "training")
        assert read_status(run).pid == os.getpid()
        assert len(app.queue.waiting) == 1, "what waits has not begun meanwhile"
        assert not app.queue.held
        app.queue.waiting.clear()  # the end of this training is to be the last


async def test_a_run_elsewhere_is_named_at_the_start_and_shown(data: DataFolder) -> None:
    create_run(data, "idle", RunConfig())
    with elsewhere(data) as run:
        assert [found for found, _ in runs_elsewhere(data, Workbench(data).session)] == [run]
        async with workbench(data) as (app, pilot):
            await until(pilot, lambda: app.shown_run == run)
            await until(pilot, lambda: len(app._notifications) > 0)
            (note,) = app._notifications
            assert "elsewhere at step 7" in note.message
            assert "F10" in note.message
            header = app.query_one("#progress", Static)
            await until(pilot, lambda: "elsewhere" in str(header.content))


async def test_taking_a_run_back_waits_for_its_owner_and_can_be_called_off(
    data: DataFolder,
) -> None:
    with elsewhere(data) as run:
        async with workbench(data) as (app, pilot):
            app.trainings.take_back(run)
            await until(pilot, lambda: waiting_requests(run) == ["stop"])
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(app.screen, TakeBackDialog))
            assert waiting_requests(run) == [], "the request has been taken back"

            app.trainings.take_back(run)
            await until(pilot, lambda: waiting_requests(run) == ["stop"])
            assert take_requests(run) == ["stop"]
            await pilot.press("escape")
            await until(pilot, lambda: not isinstance(app.screen, TakeBackDialog))
            assert any("asked already" in note.message for note in app._notifications)
            assert not app.session.active
