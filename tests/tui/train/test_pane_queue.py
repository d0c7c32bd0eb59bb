"""Runs that wait for the training in progress, and the settings as a command and a file."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList, Static

from minigpt_tui.config_files import load_yaml
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run, list_runs
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.header import Header
from minigpt_tui.tui.train.config_dialog import ConfigDialog
from minigpt_tui.tui.trainings.queue_dialog import QueueDialog
from minigpt_tui.tui.widgets.form_fields import TextField
from minigpt_tui.tui.widgets.path_opener import PathInput
from minigpt_tui.tui.widgets.setting_row import SettingRow
from tests.tui.train.test_pane import (
    LONG,
    QUICK,
    UNMEASURED,
    footer,
    pane,
    summary,
    training,
    until,
    workbench,
)


async def test_a_queued_run_begins_when_the_training_is_stopped(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        await until(pilot, lambda: "steps in all" in summary(app))
        await pilot.press("ctrl+t")
        await until(pilot, lambda: training(app))
        first = app.session.job
        assert footer(app)["ctrl+t"] == "Queue"
        app.config = with_settings(QUICK, UNMEASURED)
        await pilot.press("ctrl+t")
        app.config = LONG
        await pilot.press("ctrl+t")
        assert [run.config.training.steps for run in app.queue.waiting] == [4, None]
        await until(pilot, lambda: "+2 queued" in str(app.query_one("#progress", Static).content))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, QueueDialog))
        assert app.screen.query_one(OptionList).option_count == 2
        await pilot.press("down", "d", "escape")
        assert len(app.queue.waiting) == 1
        await pilot.press("f8")
        await until(pilot, lambda: app.session.job is not first)
        second = app.session.job
        assert second is not None
        await until(pilot, second.done.is_set)
        assert second.outcome is not None
        assert second.outcome.state == "completed"
        assert len(list_runs(data)) == 2
        assert not app.queue.waiting


async def test_a_held_queue_begins_nothing_and_leaving_holds_it(data: DataFolder) -> None:
    async with workbench(data, with_settings(QUICK, UNMEASURED)) as (app, pilot):
        app.queue.add(LONG)
        app.queue.held = True
        app.trainings.start(app.config)
        job = app.session.job
        assert job is not None
        await until(pilot, job.done.is_set)
        await pilot.pause(0.05)
        assert app.session.job is job
        app.queue.held = False
        app.exit()
        app.trainings.start_next()
        assert app.session.job is job


async def test_the_settings_are_saved_and_loaded(data: DataFolder) -> None:
    async with workbench(data) as (app, pilot):
        await until(pilot, lambda: "steps in all" in summary(app))
        await pilot.press("ctrl+k")
        await until(pilot, lambda: isinstance(app.screen, ConfigDialog))
        assert "--preset tiny" in app.clipboard
        app.screen.query_one(PathInput).value = str(data.root / "mine" / "it.yaml")
        await pilot.press("ctrl+s")
        path = data.root / "mine" / "it.yaml"
        assert load_yaml(path) == QUICK
        path.write_text("n_layers: 3\nsteps: 9\n")
        await pilot.press("ctrl+r")
        await until(pilot, lambda: not isinstance(app.screen, ConfigDialog))
        assert (app.config.model.n_layers, app.config.training.steps) == (3, 9)
        await pilot.press("ctrl+k")
        await until(pilot, lambda: isinstance(app.screen, ConfigDialog))
        app.screen.query_one(PathInput).value = str(path)
        await pilot.press("ctrl+s")
        assert path.read_text().startswith("n_layers"), "it asks before it replaces a file"
        path.write_text("n_layer: 3\n")
        await pilot.press("ctrl+r")
        assert "Did you mean n_layers" in str(app.screen.query_one("#said", Static).content)


async def test_typing_narrows_the_settings(data: DataFolder) -> None:
    async with workbench(data) as (app, pilot):

        def shown() -> set[str]:
            return {row.setting.name for row in app.query(SettingRow) if row.display}

        everything = len(shown())
        await pilot.press("ctrl+f", *"wind")
        await until(pilot, lambda: shown() == {"batch_size", "micro_batch"})
        assert not app.query_one("#section-data").display
        await pilot.press("enter")
        assert app.focused is pane(app).form.row("batch_size").field
        await pilot.press("ctrl+f", "escape")
        await until(pilot, lambda: len(shown()) > everything)
        assert app.focused is pane(app).form.row("batch_size").field


@pytest.mark.parametrize("size", [(80, 24)])
async def test_the_form_is_compared_with_the_shown_run(
    data: DataFolder, size: tuple[int, int]
) -> None:
    run = create_run(data, "wide-one", with_settings(QUICK, {"d_model": 96}))
    async with workbench(data, size=size) as (app, pilot):
        app.shown_run = run
        form = pane(app).form
        await pilot.press("ctrl+r")
        await until(pilot, lambda: form.compared_with == run.name)
        assert form.row("d_model").differs
        assert not form.row("steps").differs
        assert f"1 differs from {run.name}" in str(form.query_one("#fields").border_subtitle)
        await pilot.click("#reset")
        await until(pilot, lambda: app.config.model.d_model == 96)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: form.compared_with == "tiny")
        field = form.row("d_model").field
        assert isinstance(field, TextField)
        assert form.row("d_model").differs


async def test_settings_that_fight_are_named(data: DataFolder) -> None:
    config = with_settings(QUICK, {"lr": 0.5})
    async with workbench(data, config) as (app, pilot):
        await until(pilot, lambda: "lr 0.5 is high" in summary(app))
        assert app.query(Header)
