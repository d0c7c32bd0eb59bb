"""What somebody may rely on in the Corpus pane."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run, list_runs
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.corpus.pane import CorpusPane
from minigpt_tui.tui.corpus.text_facts import TextFactsView
from minigpt_tui.tui.corpus.text_preview import TextPreview
from minigpt_tui.tui.corpus.text_view import TextView
from minigpt_tui.tui.corpus.token_preview import TokenPreview
from minigpt_tui.tui.widgets.path_opener import DiskTree, PathOpener
from tests.tui.window import opened

SIZE = (80, 24)
SECONDS = 60.0


async def until(pilot: Pilot[None], holds: Callable[[], bool]) -> None:
    """Waits for what a worker thread brings about."""
    limit = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < limit, "it did not come about"
        await pilot.pause(0.01)


def words(app: Workbench, selector: str) -> str:
    return str(app.query_one(selector, Static).content)


def facts(app: Workbench) -> str:
    return str(app.query_one(TextFactsView).content)


def failure(app: Workbench) -> str:
    return app.query_one(TextView).failure


def counted(app: Workbench) -> bool:
    return "counting" not in facts(app) and bool(facts(app))


def chosen(app: Workbench) -> tuple[str, ...]:
    return app.query_one(CorpusPane).choice.names


async def highlight(pilot: Pilot[None], app: Workbench, name: str) -> None:
    """Walks down the list to a text."""
    for _ in range(app.query_one("#texts", OptionList).option_count):
        if chosen(app)[0].endswith(name):
            return
        await pilot.press("down")
        await pilot.pause(0.01)
    raise AssertionError(f"{name} is not in the list")


async def open_path(pilot: Pilot[None], app: Workbench, path: str) -> None:
    await pilot.press("o")
    await until(pilot, lambda: bool(app.query(PathOpener)))
    app.query_one("#path", Input).value = path
    await pilot.press("enter")


async def test_the_first_start_shows_the_sample_and_says_what_to_do(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: counted(app))
        assert chosen(app) == ("sample_corpus",)
        assert app.query_one("#texts", OptionList).has_focus
        assert words(app, "#hint") == "▶ Press t to train a GPT on this text"
        assert app.query_one(TokenPreview).text
        assert "vocabulary" in facts(app)
        assert "parameters" in facts(app), "the verdict is there"


async def test_the_hint_says_how_to_go_on_with_the_newest_run(data: DataFolder) -> None:
    run = create_run(data, "older-friend", load_preset("tiny"))
    run.best.write_bytes(b"a model")
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: f"F4 to ask {run.name}" in words(app, "#hint"))
    write_status(run, Status("stopped"))
    run.last.write_bytes(b"a state")
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: f"F7 to go on with {run.name}" in words(app, "#hint"))


async def test_the_selection_is_what_will_be_trained_and_remembered(data: DataFolder) -> None:
    (data.corpora / "mine.txt").write_text("A text of my own.\n" * 50)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await highlight(pilot, app, "mine")
        await pilot.press("k")
        assert app.config.data.corpus == ("mine",)
        assert app.config.data.level == "word"
        assert (app.remembered.corpus, app.remembered.level) == ("mine", "word")
        preview = app.query_one(TokenPreview)
        await until(pilot, lambda: preview.text.startswith("A text of my own."))


async def test_the_level_cycles_and_the_numbers_follow(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: counted(app))
        seen = {facts(app)}
        for level in ("word", "bpe", "char"):
            await pilot.press("k")
            assert app.config.data.level == level
            await until(pilot, lambda: counted(app))
            seen.add(facts(app))
        assert len(seen) == 3


async def test_the_filter_narrows_the_list_and_enter_goes_back_to_it(data: DataFolder) -> None:
    for name in ("alpha one", "alpha two", "beta"):
        (data.corpora / f"{name}.txt").write_text(name)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("slash", *"alpha")
        await until(pilot, lambda: chosen(app) == ("alpha one",))
        await pilot.press("down")
        await until(pilot, lambda: chosen(app) == ("alpha two",))
        assert app.query_one("#filter", Input).has_focus
        await pilot.press("enter")
        assert app.query_one("#texts", OptionList).has_focus
        await pilot.press("escape")
        assert app.query_one("#texts", OptionList).option_count > 4
        assert chosen(app) == ("alpha two",)


async def test_a_path_opens_a_file_and_its_absolute_path_is_kept(
    data: DataFolder, tmp_path: Path
) -> None:
    path = tmp_path / "story [@click=app.quit] \x1b[31m.txt"
    path.write_text("Once upon a time.\n" * 30)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await open_path(pilot, app, os.path.relpath(path))
        await until(pilot, lambda: app.config.data.corpus == (str(path),))
        await until(pilot, lambda: app.query_one("#texts", OptionList).has_focus)
        assert not app.query(PathOpener)
        assert app.remembered.recent_texts == [str(path)]
        await until(pilot, lambda: counted(app) and not failure(app))


async def test_a_folder_opens_as_one_text(data: DataFolder, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    folder.mkdir()
    for name in ("a", "b", "c"):
        (folder / f"{name}.txt").write_text(f"Dear {name}\n" * 100)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await open_path(pilot, app, str(folder))
        await until(pilot, lambda: app.config.data.corpus == (str(folder),))
        await until(pilot, lambda: counted(app))
        assert "file 1 of 3" in str(app.query_one("#preview-box").border_subtitle)


async def test_a_bad_path_says_so_and_the_selection_stays(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await open_path(pilot, app, "/no/[such]/text")
        await until(pilot, lambda: "There is no file" in words(app, "#path-words"))
        assert app.query_one("#path", Input).has_focus
        assert chosen(app) == app.config.data.corpus == ("sample_corpus",)
        await pilot.press("escape")
        await until(pilot, lambda: not app.query(PathOpener))
        assert app.query_one("#texts", OptionList).has_focus


async def test_while_a_path_is_asked_for_t_is_a_letter(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: bool(app.query(PathOpener)))
        await pilot.press("t", "ctrl+t", "down", "t")
        await pilot.pause(0.05)
        assert not app.session.active
        assert app.pane_name == "corpus"


async def test_the_tree_opens_files_too(data: DataFolder, tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "leaf.txt").write_text("Leaf.\n" * 40)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("o")
        await until(pilot, lambda: bool(app.query(PathOpener)))
        app.query_one("#path", Input).value = f"{tmp_path}/tree/"
        tree = app.query_one("#disk", DiskTree)
        await until(pilot, lambda: [str(n.label) for n in tree.root.children] == ["leaf.txt"])
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: chosen(app) == (str(tmp_path / "tree" / "leaf.txt"),))


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [(b"", "empty"), (bytes(range(256)) * 8, "binary"), ("é".encode("latin-1") * 9, "UTF-8")],
)
async def test_an_unfit_text_is_refused_and_disarms_the_one_before(
    data: DataFolder, tmp_path: Path, raw: bytes, sentence: str
) -> None:
    path = tmp_path / "unfit.txt"
    path.write_bytes(raw)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: counted(app))
        await open_path(pilot, app, str(path))
        await until(pilot, lambda: sentence in failure(app))
        assert app.query_one("#failure").display
        assert not app.query_one(TextPreview).display
        assert sentence in words(app, "#failure")
        assert "cannot be trained on" in words(app, "#hint")
        assert app.config.data.corpus == (str(path),)
        await pilot.press("t")
        await pilot.pause(0.05)
        assert app.pane_name == "corpus"
        assert not app.session.active
        assert list_runs(data) == []


async def test_a_text_shorter_than_a_window_is_refused(data: DataFolder) -> None:
    (data.corpora / "short.txt").write_text("Too short.")
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await highlight(pilot, app, "short")
        await until(pilot, lambda: "max_seq_len" in failure(app))
        assert "max_seq_len" in facts(app)
        await pilot.press("ctrl+t")
        await pilot.pause(0.05)
        assert not app.session.active


async def test_a_text_that_is_gone_is_named(data: DataFolder, tmp_path: Path) -> None:
    app = Workbench(data)
    gone = str(tmp_path / "gone.txt")
    app.config = with_settings(app.config, {"corpus": (gone,)})
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "There is no file" in failure(app))
        assert chosen(app) == (gone,)
        await highlight_first(pilot, app)
        await until(pilot, lambda: counted(app) and not failure(app))
        assert app.query_one(TokenPreview).display


async def highlight_first(pilot: Pilot[None], app: Workbench) -> None:
    await pilot.press("home")
    await until(pilot, lambda: chosen(app) == ("sample_corpus",))


async def test_of_quick_choices_the_last_one_is_shown(data: DataFolder) -> None:
    for number in range(8):
        (data.corpora / f"text {number}.txt").write_text(f"This is number {number}.\n" * 99)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press(*["down"] * 9)
        last = app.query_one(CorpusPane).choice.label[-1]
        preview = app.query_one(TokenPreview)
        await until(pilot, lambda: preview.text.startswith(f"This is number {last}."))
        await until(pilot, lambda: counted(app))
        assert preview.text.startswith(f"This is number {last}.")


async def test_a_file_put_into_the_data_folder_appears(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        before = app.query_one("#texts", OptionList).option_count
        (data.corpora / "a.txt").write_text("new")
        (data.corpora / "b.txt").write_text("new")
        await until(pilot, lambda: app.query_one("#texts", OptionList).option_count > before)
        assert chosen(app) == ("sample_corpus",)


async def test_t_trains_on_the_chosen_text_and_a_second_one_waits(data: DataFolder) -> None:
    (data.corpora / "mine.txt").write_text("A text of my own, to be learned.\n" * 60)
    app = Workbench(data)
    endless = {"epochs": 100_000, "precision": "fp32", "threads": 1, "compile": "off"}
    app.config = with_settings(load_preset("tiny"), endless)
    async with opened(app, size=SIZE) as pilot:
        await highlight(pilot, app, "mine")
        await pilot.press("t")
        await until(pilot, lambda: app.pane_name == "train")
        job = app.session.job
        assert job is not None
        await until(pilot, lambda: job.phase != "preparing")
        assert job.error is None
        assert job.run is not None
        assert job.run.name == "mine-1"
        await app.action_pane("corpus")
        await until(pilot, lambda: "training is running" in words(app, "#hint"))
        await pilot.press("t")
        await pilot.pause(0.05)
        assert app.session.job is job
        assert app.pane_name == "corpus"
        app.session.stop()
        while not job.done.is_set():
            await asyncio.sleep(0.02)
        assert len(list_runs(data)) == 1


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (160, 45)])
async def test_everything_is_on_the_screen(data: DataFolder, size: tuple[int, int]) -> None:
    app = Workbench(data)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: counted(app))
        await pilot.pause(0.05)
        for selector in ("#filter", "#texts", "#hint", "#preview", "#facts"):
            region = app.query_one(selector).region
            assert region.area > 0
            assert app.screen.region.contains_region(region), selector
        assert app.query_one(TokenPreview).size.height >= 6
        box = app.query_one("#facts-box")
        assert box.virtual_size.height <= box.size.height, "the verdict is not cut off"
