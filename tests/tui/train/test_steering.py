"""A training is steered: paused, stopped, saved, measured, with another rate or more epochs."""

from __future__ import annotations

from textual.pilot import Pilot
from textual.widgets import Input, Static

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.metrics import EVALUATION, METRIC, read_records
from minigpt_tui.runs.status import read_status
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.train.steer_dialog import SteerDialog
from tests.tui.train.test_pane import LONG, QUICK, footer, text, training, until, workbench


async def stepping(app: Workbench, pilot: Pilot[None]) -> RunFolder:
    """Starts a training and waits until it takes steps."""
    await pilot.press("ctrl+t")
    await until(pilot, lambda: app.session.job is not None and app.session.job.run is not None)
    assert app.session.job is not None
    run = app.session.job.run
    assert run is not None
    await until(pilot, lambda: len(read_records(run.metrics_file, METRIC)) > 2)
    return run


def events(run: RunFolder) -> list[str]:
    return [str(line["event"]) for line in read_lines(run.events_file)]


async def open_dialog(app: Workbench, pilot: Pilot[None]) -> SteerDialog:
    await until(pilot, lambda: "f10" in app.screen.active_bindings)
    await pilot.press("f10")
    await until(pilot, lambda: isinstance(app.screen, SteerDialog))
    assert isinstance(app.screen, SteerDialog)
    return app.screen


async def test_the_learning_rate_is_changed_while_it_trains(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        run = await stepping(app, pilot)
        dialog = await open_dialog(app, pilot)
        dialog.query_one("#lr", Input).value = "1e-5"
        await pilot.press("enter")
        await until(pilot, lambda: "rate" in events(run))
        await until(pilot, lambda: read_records(run.metrics_file, METRIC)[-1]["lr"] <= 1e-5)
        assert app.screen is not dialog


async def test_a_finished_run_is_trained_further(data: DataFolder) -> None:
    async with workbench(data, QUICK) as (app, pilot):
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.session.job is not None and not app.session.active)
        assert app.session.job is not None
        run = app.session.job.run
        assert run is not None
        assert read_status(run).step == 4
        dialog = await open_dialog(app, pilot)
        dialog.query_one("#epochs", Input).value = "1"
        await pilot.press("enter")
        await until(pilot, lambda: "extended" in events(run))
        await until(pilot, lambda: not app.session.active)
        assert read_status(run).state == "completed"
        assert read_status(run).step > 4


async def test_what_cannot_be_is_said_and_the_dialog_stays(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        await stepping(app, pilot)
        dialog = await open_dialog(app, pilot)
        for value, words in (("-1", "lr must be"), ("fast", "lr must be a number")):
            dialog.query_one("#lr", Input).value = value
            await pilot.press("enter")
            error = dialog.query_one(".error", Static)
            await until(pilot, lambda e=error, w=words: w in str(e.content))
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not dialog)


async def test_a_measurement_can_be_asked_for(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        run = await stepping(app, pilot)
        before = len(read_records(run.evaluations_file, EVALUATION))
        app.set_focus(None)
        await pilot.press("ctrl+e")
        await until(pilot, lambda: len(read_records(run.evaluations_file, EVALUATION)) > before)


async def test_pause_go_on_stop_and_resume(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        await pilot.press("ctrl+t")
        await until(pilot, lambda: training(app) and footer(app).get("f7") == "Pause")
        await pilot.press("f7")
        await until(pilot, lambda: text(app, "#run-title").startswith("‖ paused"))
        assert footer(app)["f7"] == "Go on"
        await pilot.press("f7")
        await until(pilot, lambda: text(app, "#run-title").startswith("● training"))
        await pilot.press("f8")
        await until(pilot, lambda: text(app, "#run-title").startswith("■ stopped"))
        await until(pilot, lambda: footer(app).get("f7") == "Resume")
        run = list_runs(data)[0]
        step = read_status(run).step
        assert "F7 goes on" in text(app, "#words")
        await pilot.press("f7")
        await until(pilot, lambda: training(app) and read_status(run).step > step)
        assert list_runs(data) == [run]


async def test_a_checkpoint_is_written_when_asked_for(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        await pilot.press("ctrl+t")
        await until(pilot, lambda: training(app))
        run = list_runs(data)[0]
        assert not run.last.exists()
        await pilot.press("ctrl+s")
        await until(pilot, run.last.exists)
