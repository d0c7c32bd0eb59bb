"""What somebody may rely on in the Train pane, from the first look to the end of a training."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Static

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run, list_runs
from minigpt_tui.runs.journal import append_line
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.metrics import METRIC, RecordWriter
from minigpt_tui.runs.requests import waiting_requests
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.plot.loss_plot import LossPlot
from minigpt_tui.tui.train.pane import TrainPane
from minigpt_tui.tui.train.run_monitor import RunMonitor
from minigpt_tui.tui.train.samples import Samples
from minigpt_tui.tui.widgets.form_fields import TextField

SECONDS = 60.0
QUICK: RunConfig = with_settings(load_preset("tiny"), {"steps": 4, "corpus": ("sample_corpus",)})
UNMEASURED = {"precision": "fp32", "threads": 1, "compile": "off"}
LONG: RunConfig = with_settings(QUICK, {"steps": None, "epochs": 100_000, **UNMEASURED})


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Waits for what a thread brings about."""
    limit = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < limit, "it did not come about"
        await pilot.pause(0.01)


@asynccontextmanager
async def workbench(
    data: DataFolder, config: RunConfig = QUICK, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Workbench, Pilot[None]]]:
    app = Workbench(data)
    app.config = config
    app.remembered.pane, app.remembered.preset = "train", "tiny"
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.pause()
        try:
            yield app, pilot
        finally:
            app.session.stop()
            if app.session.job is not None:
                await until(pilot, app.session.job.done.is_set)


def pane(app: Workbench) -> TrainPane:
    return app.query_one(TrainPane)


def text(app: Workbench, selector: str) -> str:
    return str(app.query_one(selector, Static).content)


def written(app: Workbench) -> str:
    return app.query_one(Samples).render().plain


def summary(app: Workbench) -> str:
    return text(app, "PlanSummary Static")


def footer(app: Workbench) -> dict[str, str]:
    """Key → title of what works here, as the footer shows it."""
    return {
        key: binding.binding.description
        for key, binding in app.screen.active_bindings.items()
        if binding.binding.show
    }


def training(app: Workbench) -> bool:
    job = app.session.job
    return job is not None and job.phase == "training" and "training" in text(app, "#run-title")


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45)])
async def test_with_nothing_trained_the_form_and_its_start_are_in_sight(
    data: DataFolder, size: tuple[int, int]
) -> None:
    async with workbench(data, size=size) as (app, pilot):
        screen = app.screen.region
        assert pane(app).form.region in screen
        assert app.query_one("#start").region in screen
        assert app.query_one("#setting-corpus").region in screen
        await until(pilot, lambda: "steps in all" in summary(app))
        assert app.query_one(RunMonitor).display == (size[0] >= 110)
        assert "ctrl+t" in footer(app)


async def test_start_refuses_a_wrong_setting_and_goes_to_it(data: DataFolder) -> None:
    async with workbench(data) as (app, pilot):
        row = pane(app).form.row("n_heads")
        assert isinstance(row.field, TextField)
        row.field.value = "7"
        await pilot.pause()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: app.focused is row.field)
        assert app.session.job is None
        assert "multiple" in summary(app)


async def test_a_training_from_the_first_key_to_the_end(data: DataFolder) -> None:
    async with workbench(data) as (app, pilot):
        pane(app).form.row("epochs").field.focus()
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "Done. Best validation loss" in text(app, "#words"))
        assert "completed" in text(app, "#run-title")
        assert "step 4/4" in text(app, "#run-title").replace("  ", " ")
        assert "100 %" in text(app, "#run-progress")
        assert "val" in text(app, "#figures")
        assert app.shown_run == list_runs(data)[0]
        assert app.query_one("#live").border_title == f"Run {list_runs(data)[0].name}"
        assert "\n" in written(app)
        assert "ctrl+t" in footer(app)
        await until(pilot, lambda: len(app.screen.query("Toast")) > 0)


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_while_training_everything_is_in_sight(
    data: DataFolder, size: tuple[int, int]
) -> None:
    async with workbench(data, LONG, size) as (app, pilot):
        await pilot.press("ctrl+t")
        await until(pilot, lambda: training(app))
        await pilot.pause(0.1)
        screen = app.screen.region
        for selector in (
            "#run-title",
            "#run-progress",
            "LossPlot",
            "#figures",
            "#words",
            "#samples",
        ):
            assert app.query_one(selector).region in screen
        assert app.query_one(LossPlot).size.height >= 10
        assert app.query_one("#samples").size.height >= 1
        assert "after this one" in str(app.query_one("#start", Button).label)


async def test_while_its_folder_is_away_a_training_says_so_and_where_it_stands(
    data: DataFolder, tmp_path: Path
) -> None:
    def said() -> str:
        return " ".join(text(app, "#words").split())  # a long path turns the words to the next line

    async with workbench(data, LONG, size=(160, 45)) as (app, pilot):
        await pilot.press("ctrl+t")
        await until(pilot, lambda: training(app) and "val" in text(app, "#figures"))
        data.runs.rename(tmp_path / "elsewhere")
        await until(pilot, lambda: "is gone" in said())
        assert "paused" in text(app, "#run-title")
        assert "step 0" not in text(app, "#run-title")
        assert "waiting" in text(app, "#progress")
        (tmp_path / "elsewhere").rename(data.runs)
        await until(pilot, lambda: training(app) and "is gone" not in said())


async def test_f9_turns_between_form_and_run_on_a_narrow_screen(data: DataFolder) -> None:
    async with workbench(data) as (app, pilot):
        assert pane(app).form.display
        await pilot.press("f9")
        await pilot.pause()
        assert not pane(app).form.region
        assert app.query_one(RunMonitor).region
        assert "ctrl+t" in footer(app), "the keys of the pane need a focus inside it"
        await pilot.press("f9")
        await pilot.pause()
        assert pane(app).form.region


async def test_on_a_wide_screen_there_is_nothing_to_turn(data: DataFolder) -> None:
    async with workbench(data, size=(120, 40)) as (app, _):
        assert "f9" not in footer(app)


async def test_the_pane_can_be_left_and_found_again_while_training(data: DataFolder) -> None:
    async with workbench(data, LONG) as (app, pilot):
        await pilot.press("ctrl+t")
        await until(pilot, lambda: training(app))
        await pilot.press("f2")
        await until(pilot, lambda: not app.query(TrainPane))
        await pilot.press("f3")
        await until(pilot, lambda: bool(app.query(TrainPane)) and training(app))
        assert footer(app)["f8"] == "Stop"


def foreign_run(data: DataFolder) -> RunFolder:
    """A run as another process makes it: a folder with a few steps."""
    run = create_run(data, "elsewhere", QUICK)
    metrics = RecordWriter(run.metrics_file, METRIC)
    for step in range(1, 6):
        metrics.append(
            step=step, epoch=0.1, loss=3.0, lr=1e-3, grad_norm=1.0, tokens=64, seconds=step
        )
    metrics.close()
    append_line(run.samples_file, {"step": 5, "prompt": "", "text": "\x1b]0;owned\x07 [bold]x"})
    return run


async def test_a_run_of_another_process_is_shown_live(data: DataFolder) -> None:
    run = foreign_run(data)
    with run_lock(run):
        write_status(run, Status("training", step=5, total_steps=10, epochs=1))
        async with workbench(data) as (app, pilot):
            await until(pilot, lambda: "training" in text(app, "#run-title"))
            assert "another process" in text(app, "#words")
            await until(pilot, lambda: footer(app).get("f10") == "Take")
            assert (footer(app)["f7"], footer(app)["f8"]) == ("Pause", "Stop")
            await pilot.press("f7")
            await until(pilot, lambda: waiting_requests(run) == ["pause"])
            await until(pilot, lambda: "asked to pause" in text(app, "#run-title"))
            sample = written(app)
            assert "\x1b" not in sample
            assert "[bold]" in sample
            write_status(run, Status("training", step=6, total_steps=10, epochs=1))
            await until(pilot, lambda: "6/10" in text(app, "#run-title"))


async def test_a_run_that_another_process_begins_is_taken_up(data: DataFolder) -> None:
    async with workbench(data, size=(120, 40)) as (app, pilot):
        assert "No training yet" in text(app, "#notice Static")
        run = foreign_run(data)
        with run_lock(run):
            write_status(run, Status("training", step=5, total_steps=10, epochs=1))
            await until(pilot, lambda: app.query_one("#live").region.height > 0)
            await until(pilot, lambda: "training" in text(app, "#run-title"))


async def test_a_training_that_cannot_begin_says_why_and_leaves_the_form(
    data: DataFolder,
) -> None:
    async with workbench(data) as (app, pilot):
        await until(pilot, lambda: "steps in all" in summary(app))
        (data.runs).rmdir()
        data.runs.write_text("in the way")
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "Not started" in summary(app))
        await until(pilot, lambda: pane(app).form.region.height > 0)
        await until(pilot, lambda: pane(app).form.has_focus_within)
