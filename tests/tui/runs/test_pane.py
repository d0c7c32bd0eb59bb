"""What somebody may rely on in the Runs pane."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static, TextArea

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import (
    RunFolder,
    create_run,
    find_run,
    list_runs,
    read_info,
    write_info,
)
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.manage import deleted_runs, is_pinned, read_notes, write_notes
from minigpt_tui.runs.requests import take_requests
from minigpt_tui.runs.status import Status, read_status, write_status
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Event, StepDone
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.predict.pane import PredictPane
from minigpt_tui.tui.runs.pane import RunsPane
from minigpt_tui.tui.runs.run_details import RunDetails
from minigpt_tui.tui.runs.run_rows import RunRows
from minigpt_tui.tui.runs.run_table import RunTable
from minigpt_tui.tui.train.pane import TrainPane
from minigpt_tui.tui.widgets.line_dialog import LineDialog
from minigpt_tui.tui.widgets.question import Question

SECONDS = 30.0
UNMEASURED = {"precision": "fp32", "threads": 1, "compile": "off"}
QUICK: RunConfig = with_settings(load_preset("tiny"), {"steps": 4, **UNMEASURED})
LONG: RunConfig = with_settings(QUICK, {"steps": None, "epochs": 100_000})


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Waits for what a thread brings about."""
    limit = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < limit, "it did not come about"
        await pilot.pause(0.01)


@asynccontextmanager
async def opened(
    data: DataFolder, size: tuple[int, int] = (80, 24), runs: int | None = None
) -> AsyncIterator[tuple[Workbench, Pilot[None]]]:
    """The workbench on the Runs pane, once it lists all the runs that there are."""
    app = Workbench(data)
    app.remembered.pane = "runs"
    expected = len(list_runs(data)) if runs is None else runs
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: len(rows(app).summaries) == expected)
        await pilot.pause()
        try:
            yield app, pilot
        finally:
            app.session.stop()
            if app.session.job is not None:
                await until(pilot, app.session.job.done.is_set)


def made(
    data: DataFolder,
    name: str,
    state: str = "completed",
    loss: float | None = None,
    **settings: object,
) -> RunFolder:
    """A run that was trained some time ago; the first made is the oldest."""
    run = create_run(data, name, with_settings(RunConfig(), settings))
    created = time.time() - 10_000 + 100 * len(list_runs(data))
    write_info(run, dataclasses.replace(read_info(run), created=created, parameters=3_160_000))
    write_status(run, Status(state, step=50, total_steps=100, best_val_loss=loss))
    return run


async def filtered(app: Workbench, pilot: Pilot[None], filter: str) -> None:
    """Types a filter at once."""
    app.query_one("#filter", Input).value = filter
    await pilot.pause()


def rows(app: Workbench) -> RunRows:
    return app.query_one(RunRows)


def names(app: Workbench) -> list[str]:
    return [summary.run.name for summary in rows(app).summaries]


def lines(app: Workbench) -> str:
    """The drawn rows."""
    return "\n".join(rows(app).render_line(y).text for y in range(rows(app).size.height))


def details(app: Workbench) -> str:
    return str(app.query_one(RunDetails).query_one(Static).content)


def said(app: Workbench) -> str:
    """What the notifications say."""
    return "\n".join(f"{note.title} {note.message}" for note in app._notifications)


def footer(app: Workbench) -> set[str]:
    return {b.binding.description for b in app.screen.active_bindings.values() if b.binding.show}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45)])
async def test_without_a_run_the_pane_says_how_to_get_one(
    data: DataFolder, size: tuple[int, int]
) -> None:
    async with opened(data, size) as (app, pilot):
        await until(pilot, lambda: app.query_one(RunsPane).has_class("-empty"))
        await pilot.pause()
        box = app.query_one("#runs-empty")
        assert "No run yet" in str(box.query_one(Static).content)
        assert box.region in app.screen.region
        assert app.focused is box
        assert not footer(app) & {"Delete", "Curves", "Filter", "Undo"}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45)])
async def test_the_newest_run_is_first_and_its_page_beside_it(
    data: DataFolder, size: tuple[int, int]
) -> None:
    made(data, "old", loss=2.5)
    made(data, "new", "stopped", loss=1.53, layout="qwen3", n_layers=6)
    async with opened(data, size) as (app, pilot):
        assert names(app) == ["new", "old"]
        assert "■ stopped" in lines(app)
        assert "1.530" in lines(app)
        assert "qwen3 6×256" in lines(app)
        assert ("3.16 M" in lines(app)) == (size[0] == 160)
        assert app.query_one(RunDetails).border_title == "new"
        assert "layout" in details(app)
        for widget in (app.query_one(RunTable), app.query_one(RunDetails)):
            assert widget.region in app.screen.region
        await pilot.press("down")
        assert app.query_one(RunDetails).border_title == "old"
        assert app.focused is rows(app)


async def test_what_found_no_room_is_named(data: DataFolder) -> None:
    made(data, "one")
    async with opened(data) as (app, _):
        table = app.query_one(RunTable)
        assert "tokens/s" in (table.border_subtitle or "")
        assert "bits/B" in (table.border_subtitle or "")


async def test_the_filter_narrows_and_a_fault_is_named_in_place(data: DataFolder) -> None:
    made(data, "poems", loss=1.0, lr=0.01)
    made(data, "stories", loss=2.0)
    async with opened(data) as (app, pilot):
        await pilot.press("slash", *"loss<2")
        assert names(app) == ["poems"]
        assert "1 of 2" in (app.query_one(RunTable).border_title or "")
        await filtered(app, pilot, "loss<2 lrr>1")
        fault = app.query_one("#fault", Static)
        assert fault.display
        assert "at 8: lrr" in str(fault.content)
        assert "Did you mean lr?" in str(fault.content)
        assert names(app) == ["poems"], "what stands before the fault goes on filtering"
        await pilot.press("escape")
        assert not fault.display
        assert names(app) == ["stories", "poems"]
        assert app.focused is rows(app)
        await pilot.press("slash", *"zz", "enter")
        assert names(app) == []
        assert app.query_one("#no-match").display
        assert app.focused is rows(app)


async def test_sorting_by_key_and_by_mouse(data: DataFolder) -> None:
    made(data, "b", loss=1.0)
    made(data, "a", loss=3.0)
    made(data, "c", loss=None)
    async with opened(data) as (app, pilot):
        table = app.query_one(RunTable)
        heading = app.query_one("#heading", Static)
        assert "▲age" in str(heading.content)
        x = str(heading.content).index("loss")
        await pilot.click(heading, offset=(x, 0))
        assert names(app) == ["b", "a", "c"]
        await pilot.press("S")
        assert names(app) == ["a", "b", "c"], "what has no loss stays last"
        assert "▼loss" in str(heading.content)
        while table.sorted_by != "name":
            await pilot.press("s")
        assert names(app) == ["a", "b", "c"]
        assert app.remembered.runs_sort == "name"


async def test_a_click_selects_and_enter_opens_the_curves(data: DataFolder) -> None:
    made(data, "old")
    made(data, "new")
    async with opened(data) as (app, pilot):
        await pilot.click(rows(app), offset=(10, 1))
        assert rows(app).selected is not None
        assert rows(app).selected.run.name == "old"
        assert app.pane_name == "runs"
        await pilot.press("enter")
        await until(pilot, lambda: app.pane_name == "train")
        watcher = app.query_one(TrainPane).watcher
        assert watcher.run == find_run(data, "old")


async def test_ask_goes_to_predict_with_the_selected_run(data: DataFolder) -> None:
    run = made(data, "old")
    run.best.write_bytes(b"no model")
    made(data, "new")
    async with opened(data) as (app, pilot):
        assert "Ask" not in footer(app), "the newest has no model"
        await pilot.press("down")
        assert "Ask" in footer(app)
        await pilot.press("a")
        await until(pilot, lambda: app.pane_name == "predict")
        assert app.query_one(PredictPane)
        assert app.shown_run == run


async def test_pinned_runs_stay_at_the_top(data: DataFolder) -> None:
    run = made(data, "old")
    made(data, "new")
    async with opened(data) as (app, pilot):
        await pilot.press("down", "p")
        await until(pilot, lambda: names(app) == ["old", "new"])
        assert is_pinned(run)
        assert rows(app).selected is not None
        assert rows(app).selected.run == run, "the selection moves with its run"
        assert "★" in lines(app)
        await pilot.press("p")
        await until(pilot, lambda: names(app) == ["new", "old"])


async def test_notes_are_written_and_found(data: DataFolder) -> None:
    run = made(data, "one")
    async with opened(data) as (app, pilot):
        await pilot.press("n")
        app.screen.query_one(TextArea).insert("too hot [red]")
        await pilot.press("ctrl+s")
        assert read_notes(run) == "too hot [red]"
        await until(pilot, lambda: "too hot [red]" in details(app))
        await filtered(app, pilot, "notes:hot")
        assert names(app) == ["one"]
        await filtered(app, pilot, "notes:cold")
        assert names(app) == []


async def test_renaming_refuses_a_taken_name_and_keeps_the_dialog(data: DataFolder) -> None:
    made(data, "other")
    made(data, "one")
    async with opened(data) as (app, pilot):
        await pilot.press("e")
        dialog = app.screen
        assert isinstance(dialog, LineDialog)
        dialog.query_one(Input).value = "other"
        await pilot.press("enter")
        assert "already a run “other”" in str(dialog.query_one(Static).content)
        dialog.query_one(Input).value = "better"
        await pilot.press("enter")
        await until(pilot, lambda: names(app) == ["better", "other"])
        assert rows(app).selected is not None
        assert rows(app).selected.run == find_run(data, "better")
        assert app.focused is rows(app)


async def test_a_deleted_run_can_be_brought_back(data: DataFolder) -> None:
    made(data, "one")
    async with opened(data) as (app, pilot):
        assert "Undo" not in footer(app)
        await pilot.press("d")
        await until(pilot, lambda: app.query_one(RunsPane).has_class("-empty"))
        await until(pilot, lambda: app.focused is not None and "Undo" in footer(app))
        await pilot.press("u")
        await until(pilot, lambda: names(app) == ["one"])
        await until(pilot, lambda: app.focused is rows(app))
        await pilot.press("d")
        await until(pilot, lambda: "Undo" in footer(app) and not names(app))
        await pilot.press("X")
        assert isinstance(app.screen, Question)
        await pilot.press("right", "enter")
        await until(pilot, lambda: not deleted_runs(data) and "Undo" not in footer(app))


async def test_the_one_in_training_elsewhere_is_live_and_can_be_asked(data: DataFolder) -> None:
    run = made(data, "elsewhere")
    with run_lock(run):
        write_status(run, Status("training", step=10, total_steps=100))
        async with opened(data) as (app, pilot):
            assert "training 10%" in lines(app)
            write_status(run, Status("training", step=60, total_steps=100))
            await until(pilot, lambda: "training 60%" in lines(app))
            assert {"Stop", "Save"} <= footer(app)
            assert "Resume" not in footer(app)
            await pilot.press("f8", "ctrl+s")
            assert "Asked to stop and checkpoint" in details(app)
            assert take_requests(run) == ["stop", "checkpoint"]
            await until(pilot, lambda: "Asked to" not in details(app))
            await pilot.press("d")
            assert "stop it first" in said(app)
            write_status(run, Status("stopped", step=61, total_steps=100))
            await until(pilot, lambda: "stopped" in lines(app))


async def test_a_run_begun_by_another_process_appears(data: DataFolder) -> None:
    made(data, "one")
    async with opened(data) as (app, pilot):
        made(data, "two")
        await until(pilot, lambda: names(app) == ["two", "one"])
        assert rows(app).selected is not None
        assert rows(app).selected.run.name == "one", "the selection does not jump"


async def test_the_training_of_this_window_is_stopped_from_here(data: DataFolder) -> None:
    async with opened(data) as (app, pilot):
        app.config = LONG
        app.trainings.start(app.config, "mine")
        await until(pilot, lambda: names(app) == ["mine"] and "training" in lines(app))
        await pilot.press("f8")
        assert app.session.job is not None
        assert app.session.job.control.stopping()
        await until(pilot, lambda: "stopped" in lines(app))
        await until(pilot, lambda: "Resume" in footer(app))


async def test_an_interrupted_run_goes_on(data: DataFolder) -> None:
    control = Control()

    def stop_at_a_step(event: Event) -> None:
        if isinstance(event, StepDone):
            control.stop()

    run = train_new(LONG, data, control, name="cut", on_event=stop_at_a_step).run
    write_status(run, dataclasses.replace(read_status(run), state="training"))  # it was killed
    made(data, "newer")
    app = Workbench(data)
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        await until(pilot, lambda: "was interrupted" in said(app))
        assert "cut at step" in said(app)
        assert "F6, then r resumes it" in said(app)
        await pilot.press("f6")
        await until(pilot, lambda: len(rows(app).summaries) == 2 and "interrupted" in lines(app))
        await until(pilot, lambda: "Resume" in footer(app))
        assert rows(app).selected is not None
        assert rows(app).selected.run == run, "the one that was offered is selected"
        await pilot.press("r")
        await until(pilot, lambda: app.pane_name == "train")
        await until(pilot, lambda: read_status(run).state == "training")
        app.session.stop()
        assert app.session.job is not None
        await until(pilot, app.session.job.done.is_set)
        assert app.session.job.run == run


async def test_marked_and_selected_are_compared(data: DataFolder) -> None:
    made(data, "old", loss=2.0, lr=0.01, n_layers=4)
    made(data, "new", loss=1.5, lr=0.001, n_layers=4)
    async with opened(data, (120, 40)) as (app, pilot):
        await pilot.press("space")
        assert "Compared" not in details(app)
        assert "◆" in lines(app)
        await pilot.press("down")
        page = details(app)
        compared = page[page.index("Compared with ◆ new") :].split("\n\n")[0]
        assert "lr" in compared
        assert "0.01" in compared
        assert "1.500" in compared
        assert "n_layers" not in compared
        await pilot.press("up", "space", "down")
        assert "Compared" not in details(app)


async def test_verifying_names_the_damaged_file(data: DataFolder) -> None:
    run = train_new(QUICK, data, Control(), name="one").run
    async with opened(data, (120, 40)) as (app, pilot):
        await pilot.press("v")
        await until(pilot, lambda: "Every file is whole" in details(app))
        raw = bytearray(run.final.read_bytes())
        raw[len(raw) // 2] ^= 1
        run.final.write_bytes(raw)
        await pilot.press("v")
        await until(pilot, lambda: "damaged." in details(app))
        assert "✗ final_model.pt" in details(app)
        assert "✓ best_model.pt" in details(app)
        assert "final_model.pt" in said(app)


async def test_foreign_words_are_shown_and_do_nothing(data: DataFolder) -> None:
    name = "[bold]x\x1b[31m[bad="
    run = made(data, "one")
    run.path.rename(data.runs / name)
    write_notes(RunFolder(data.runs / name), "[@click=app.exit]\x1b]0;title\x07")
    (data.runs / name / "run.json").write_bytes(b"{")
    async with opened(data, (160, 45)) as (app, pilot):
        drawn = lines(app) + details(app) + str(app.query_one(RunDetails).border_title)
        assert "[bold]x␛[31m" in drawn
        assert "\x1b" not in drawn
        assert "run.json" in details(app)
        await pilot.press("d")
        await until(pilot, lambda: app.query_one(RunsPane).has_class("-empty"))
        assert "\x1b" not in said(app)


async def test_order_filter_and_selection_outlive_a_change_of_panes(data: DataFolder) -> None:
    for name, loss in (("a", 1.0), ("b", 2.0), ("c", 9.0)):
        made(data, name, loss=loss)
    async with opened(data) as (app, pilot):
        app.query_one(RunTable).sort_by("loss")
        await filtered(app, pilot, "loss<5")
        await pilot.press("end")
        assert names(app) == ["a", "b"]
        await pilot.press("1", "5")
        await until(pilot, lambda: names(app) == ["a", "b"])
        assert rows(app).selected is not None
        assert rows(app).selected.run.name == "b"


async def test_a_broken_settings_file_of_the_list_is_no_trouble(data: DataFolder) -> None:
    made(data, "one")
    app = Workbench(data)
    app.remembered.pane, app.remembered.runs_sort = "runs", "-nonsense"
    app.remembered.runs_filter = "lr>oops"
    async with app.run_test() as pilot:
        await until(pilot, lambda: names(app) == ["one"])
        assert app.query_one("#fault").display


async def test_the_footer_may_ask_for_keys_while_the_list_goes(data: DataFolder) -> None:
    made(data, "one")
    async with opened(data) as (app, _):
        app.query_one(RunsPane).leaving = True
        await rows(app).remove()
        assert app.screen.active_bindings


async def test_many_runs_are_one_list(data: DataFolder, tmp_path: Path) -> None:
    for number in range(60):
        made(data, f"run{number}")
    async with opened(data) as (app, pilot):
        await pilot.press("end")
        assert rows(app).selected is not None
        assert rows(app).selected.run.name == "run0"
        assert "run0" in lines(app)
        await pilot.press("pageup", "home")
        assert "run59" in lines(app)


@pytest.mark.peer
async def test_w_writes_the_model_for_other_programs_and_says_where(data):
    from tests.tui.predict.asking import trained_run

    trained_run(data, "first")
    async with opened(data, size=(120, 40)) as (app, pilot):
        await pilot.press("w")
        await until(pilot, lambda: (data.exports / "first-hf").is_dir())
        await until(pilot, lambda: "first is exported" in said(app))
        assert str(data.exports / "first-hf") in said(app)
