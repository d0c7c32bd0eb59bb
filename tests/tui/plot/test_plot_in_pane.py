"""Other runs are laid over the curve, and the plot is written out, from the panes."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.metrics import EVALUATION, METRIC, RecordWriter
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.plot.loss_plot import LossPlot
from minigpt_tui.tui.plot.overlay_choice import OverlayChoice
from minigpt_tui.tui.runs.run_table import RunTable
from minigpt_tui.tui.train.pane import TrainPane
from tests.tui.train.test_pane import text, until, workbench


def finished_run(data: DataFolder, name: str, rows: int = 60) -> RunFolder:
    run = create_run(data, name, load_preset("tiny"))
    metrics = RecordWriter(run.metrics_file, METRIC)
    for step in range(1, rows + 1):
        loss = 4 / math.sqrt(step)
        metrics.append(
            step=step, epoch=step / 10, loss=loss, lr=1e-3, grad_norm=1.0, tokens=64, seconds=step
        )
    metrics.close()
    evaluations = RecordWriter(run.evaluations_file, EVALUATION)
    evaluations.append(
        step=rows, epoch=6, val_loss=0.6, bits_per_char=0.9, bits_per_byte=0.9, best=1
    )
    evaluations.close()
    write_status(run, Status("completed", step=rows, total_steps=rows, epoch=6, epochs=6))
    return run


def overlaid(app: Workbench) -> dict[str, str]:
    """Letter → name of what lies over the curve."""
    return {overlay.letter: overlay.name for overlay in app.query_one(LossPlot).overlays}


async def on_the_plot(app: Workbench, pilot: Pilot[None]) -> LossPlot:
    await until(pilot, lambda: app.query_one(LossPlot).view is not None)
    plot = app.query_one(LossPlot)
    plot.focus()
    await pilot.pause()
    return plot


async def test_a_key_in_train_lays_other_runs_over_the_curve(data: DataFolder) -> None:
    for name in ("first", "second", "third"):
        finished_run(data, name)
    async with workbench(data, size=(120, 40)) as (app, pilot):
        await on_the_plot(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OverlayChoice))
        options = app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 2)
        await pilot.press("space", "down", "enter")
        assert str(options.get_option_at_index(0).prompt).startswith("A ")
        await pilot.press("escape")
        await until(pilot, lambda: len(overlaid(app)) == 2)
        names = overlaid(app)
        assert app.shown_run is not None
        assert app.shown_run.name not in names.values()
        await pilot.press("2", "1", "2")  # to another pane and back
        await until(pilot, lambda: bool(app.query(TrainPane)))
        await until(pilot, lambda: overlaid(app) == names)


async def test_without_other_runs_the_dialog_says_so(data: DataFolder) -> None:
    finished_run(data, "alone")
    async with workbench(data, size=(80, 24)) as (app, pilot):
        await pilot.press("f9")
        await on_the_plot(app, pilot)
        await pilot.press("o")

        def said() -> list[str]:
            return [str(line.content) for line in app.screen.query("#columns").results(Static)]

        await until(pilot, lambda: any("no other run" in line for line in said()))
        await pilot.press("space", "enter", "escape")
        assert overlaid(app) == {}


async def test_a_curve_of_another_program_is_read_from_its_file(
    data: DataFolder, tmp_path: Path
) -> None:
    finished_run(data, "alone")
    (tmp_path / "[other].csv").write_text("iter,loss,val_loss\n1,4.0,\n60,1.0,1.5\n")
    async with workbench(data, size=(80, 24)) as (app, pilot):
        await pilot.press("f9")
        await on_the_plot(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OverlayChoice))
        for path in (tmp_path / "none.csv", tmp_path / "[other].csv"):
            await pilot.press("f")
            await until(pilot, lambda: bool(app.screen.query(Input)))
            app.screen.query_one(Input).value = str(path)
            await pilot.press("enter")
            await until(pilot, lambda: isinstance(app.screen, OverlayChoice))
        options = app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 1)
        row = str(options.get_option_at_index(0).prompt)
        assert row.split()[:1] + row.split()[2:] == [
            "A",
            "[other]",
            "[other].csv",
            "1.500",
            "a",
            "file",
        ]
        await pilot.press("escape")
        await until(pilot, lambda: overlaid(app) == {"A": "[other]"})


@pytest.mark.peer
async def test_what_torch_writes_for_tensorboard_is_laid_over_the_curve(
    data: DataFolder, tmp_path: Path
) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "logs" / "theirs")) as writer:  # type: ignore[no-untyped-call]
        for step in range(1, 61):
            writer.add_scalar("Loss/train", 4.0 - step / 20, step)  # type: ignore[no-untyped-call]
        writer.add_scalar("Loss/val", 1.25, 60)  # type: ignore[no-untyped-call]
    finished_run(data, "alone")
    async with workbench(data, size=(80, 24)) as (app, pilot):
        await pilot.press("f9")
        await on_the_plot(app, pilot)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OverlayChoice))
        await pilot.press("f")
        await until(pilot, lambda: bool(app.screen.query(Input)))
        app.screen.query_one(Input).value = str(tmp_path / "logs")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, OverlayChoice))
        options = app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 1)
        assert "1.250" in str(options.get_option_at_index(0).prompt)
        await pilot.press("escape")
        await until(pilot, lambda: overlaid(app) == {"A": "theirs"})


async def test_the_marked_run_is_laid_over_the_selected_one(data: DataFolder) -> None:
    for name in ("first", "second"):
        finished_run(data, name)
    app = Workbench(data)
    app.remembered.pane = "runs"
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        table = app.query_one(RunTable)
        await until(pilot, lambda: table.selected is not None)
        await pilot.press("o")
        await until(pilot, lambda: len(app.screen.query("Toast")) > 0)
        assert app.pane_name == "runs", "there is nothing to lay over it yet"
        marked = table.selected
        await pilot.press("space", "down")
        await until(pilot, lambda: table.selected != marked)
        selected = table.selected
        assert marked is not None
        assert selected is not None
        await pilot.press("o")
        await until(pilot, lambda: bool(app.query(LossPlot)))
        await until(pilot, lambda: overlaid(app) == {"A": marked.run.name})
        assert app.shown_run == selected.run


async def test_the_plot_is_exported_and_the_place_is_named(data: DataFolder) -> None:
    finished_run(data, "mine")
    async with workbench(data, size=(120, 40)) as (app, pilot):
        await on_the_plot(app, pilot)
        await pilot.press("e")
        table = data.plots / "mine-step-60.csv"
        await until(pilot, table.exists)
        assert len(table.read_text().splitlines()) == 61
        ET.parse(data.plots / "mine-step-60.svg")
        await until(pilot, lambda: len(app.screen.query("Toast")) > 0)


async def test_a_folder_that_refuses_the_export_is_named(data: DataFolder, tmp_path: Path) -> None:
    finished_run(data, "mine")
    data.plots.write_text("in the way")
    async with workbench(data, size=(120, 40)) as (app, pilot):
        await on_the_plot(app, pilot)
        await pilot.press("e")
        await until(pilot, lambda: len(app.screen.query("Toast.-warning")) > 0)


async def test_the_figures_line_reads_the_cursor(data: DataFolder) -> None:
    finished_run(data, "mine")
    async with workbench(data, size=(120, 40)) as (app, pilot):
        await on_the_plot(app, pilot)
        await pilot.press("home")
        await until(pilot, lambda: "lr 1e-3" in text(app, "#figures"))
        await pilot.press("up", "up")
        await until(pilot, lambda: "steps" in str(app.query_one("#live").border_subtitle))
        await pilot.press("escape")
        await until(pilot, lambda: "lr 1e-3" not in text(app, "#figures"))


async def test_the_words_beside_the_plot_and_in_its_help_follow_the_keymap(
    data: DataFolder,
) -> None:
    keys = "keys:\n  loss_plot.all: a\n  loss_plot.follow: [z, y]\n"
    data.settings.write_text(keys, encoding="utf-8")
    finished_run(data, "read")
    async with workbench(data, size=(120, 40)) as (app, pilot):
        await on_the_plot(app, pilot)
        await pilot.press("up", "up", "comma")
        box = app.query_one("#live")
        await until(pilot, lambda: "· z follows · a all" in str(box.border_subtitle))
        await pilot.press("f1")
        shown = " ".join(str(part.render()) for part in app.screen.query(Static))
        assert "z follows again, a shows all. x counts steps" in shown
        app.pop_screen()
        await pilot.press("z")
        await until(pilot, lambda: "· following · a all" in str(box.border_subtitle))
        await pilot.press("a")
        await until(pilot, lambda: not box.border_subtitle)
