"""Texts of the library: several together, pasted, copied, deleted and brought back."""

from __future__ import annotations

from pathlib import Path

from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.corpus.paste_dialog import PasteDialog
from tests.tui.corpus.test_pane import chosen, counted, facts, highlight, until, words

SIZE = (80, 24)


def paste(app: Workbench, text: str) -> None:
    assert app.screen.focused is not None
    app.screen.focused.post_message(Paste(text))


async def settled(pilot: Pilot[None], app: Workbench) -> None:
    await until(pilot, lambda: counted(app))


async def test_marked_texts_are_trained_on_together(data: DataFolder) -> None:
    for name in ("one", "two", "three"):
        (data.corpora / f"{name}.txt").write_text(f"This is {name}.\n" * 50)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await highlight(pilot, app, "one")
        await pilot.press("space", "down", "space")
        await until(pilot, lambda: app.config.data.corpus == ("one", "three"))
        assert "these 2 texts together" in words(app, "#hint")
        await settled(pilot, app)
        assert "files" in facts(app)
        await pilot.press("up", "up")
        assert chosen(app) == ("one", "three"), "walking on changes nothing"
        await app.action_pane("train")
        await app.action_pane("corpus")
        assert chosen(app) == ("one", "three"), "they are still marked"
        await pilot.press("escape")
        await until(pilot, lambda: len(app.config.data.corpus) == 1)


async def test_a_paste_becomes_a_text_that_is_chosen(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        paste(app, "Roses are red,\rviolets [/nope] are blue.\r" * 20)
        await until(pilot, lambda: isinstance(app.screen, PasteDialog))
        await until(pilot, lambda: app.screen.focused is not None)
        paste(app, "The\rend.\r")
        await pilot.pause(0.05)
        app.screen.query_one(Input).value = "con"
        await pilot.press("enter")
        assert isinstance(app.screen, PasteDialog), "no system has a file of that name"
        app.screen.query_one(Input).value = "roses"
        await pilot.press("enter")
        await until(pilot, lambda: app.config.data.corpus == ("roses",))
        text = (data.corpora / "roses.txt").read_text()
        assert text == "Roses are red,\nviolets [/nope] are blue.\n" * 20 + "The\nend.\n"


async def test_a_pasted_path_is_opened(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "a story.txt"
    path.write_text("Once upon a time.\n" * 40)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        paste(app, f"'{path}' ")
        await until(pilot, lambda: app.config.data.corpus == (str(path),))
        await pilot.press("c")
        await until(pilot, lambda: app.config.data.corpus == ("a story",))
        assert (data.corpora / "a story.txt").read_bytes() == path.read_bytes()


async def test_a_deleted_text_comes_back(data: DataFolder) -> None:
    for name in ("keep", "lose"):
        (data.corpora / f"{name}.txt").write_text(f"{name} it\n" * 60)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await highlight(pilot, app, "lose")
        count = app.query_one("#texts", OptionList).option_count
        await pilot.press("d")
        await until(pilot, lambda: chosen(app) == ("keep",))
        assert not (data.corpora / "lose.txt").exists()
        assert app.query_one("#texts", OptionList).option_count == count - 1
        await pilot.press("u")
        await until(pilot, lambda: chosen(app) == ("lose",))
        assert (data.corpora / "lose.txt").exists()


async def test_what_comes_with_the_program_and_the_disk_is_never_deleted(
    data: DataFolder, tmp_path: Path
) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("mine\n" * 60)
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await settled(pilot, app)
        await pilot.press("d")
        assert chosen(app) == ("sample_corpus",)
        paste(app, str(path))
        await until(pilot, lambda: chosen(app) == (str(path),))
        await pilot.press("d")
        await until(pilot, lambda: chosen(app) != (str(path),))
        assert path.exists()
        assert app.remembered.recent_texts == []
        await pilot.press("u")
        await until(pilot, lambda: chosen(app) == (str(path),))
