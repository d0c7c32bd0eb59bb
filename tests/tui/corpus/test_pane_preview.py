"""The preview reaches every part of a text, and the numbers have pages and can be stopped."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Static
from textual.widgets._footer import FooterKey

from minigpt_tui.paths import DataFolder
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.corpus.baseline_table import BaselineTable
from minigpt_tui.tui.corpus.text_preview import TextPreview
from minigpt_tui.tui.corpus.text_view import TextView
from minigpt_tui.tui.corpus.token_preview import TokenPreview
from minigpt_tui.tui.corpus.token_table import TokenTable
from tests.tui.corpus.test_pane import counted, facts, until

SIZE = (80, 24)
LINES = 30_000


@pytest.fixture(scope="module")
def numbered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("texts") / "numbered.txt"
    path.write_text("".join(f"line {n:06d}\n" for n in range(LINES)))
    return path


def opened(data: DataFolder, path: Path) -> Workbench:
    app = Workbench(data)
    app.config = with_settings(app.config, {"corpus": (str(path),), "level": "word"})
    return app


def top(app: Workbench) -> int:
    """The number of the first line on the screen."""
    preview = app.query_one(TokenPreview)
    line = preview.text[preview.top_character :].split("\n")[0]
    return int(line.removeprefix("line "))


def frame(app: Workbench) -> str:
    return str(app.query_one(TextPreview).border_subtitle)


async def test_walking_over_the_edge_of_a_part_misses_no_line(
    data: DataFolder, numbered: Path
) -> None:
    app = opened(data, numbered)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: counted(app))
        await pilot.press("enter")
        preview, tokens = app.query_one(TextPreview), app.query_one(TokenPreview)

        async def walk(direction: int) -> None:
            before = top(app)
            tokens.action_page(direction)
            await pilot.pause(0.01)
            await until(pilot, lambda: not preview.moving)
            assert 0 <= direction * (top(app) - before) <= tokens.size.height

        first = preview.part
        tokens.move_cursor(len(tokens.text) - 30 * 12)
        while preview.part is first:
            await walk(1)
        for _ in range(4):
            await walk(1)
        assert preview.part is not None
        assert not preview.part.is_first
        second = preview.part
        tokens.move_cursor(20 * 12)
        while preview.part is second:
            await walk(-1)
        await walk(-1)


async def test_any_part_is_a_jump_away_and_the_split_is_marked(
    data: DataFolder, numbered: Path
) -> None:
    app = opened(data, numbered)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: counted(app))
        await pilot.press("g", *"50%", "enter")
        await until(pilot, lambda: top(app) == LINES // 2 + 1)
        assert "at 50 %, training part" in frame(app)
        await pilot.press("g", *"89.95", "enter")
        await until(pilot, lambda: top(app) == round(LINES * 0.8995) + 1)
        preview = app.query_one(TokenPreview)
        marks = [preview.text[start:][:11] for start, end in preview._rows.rows if start == end]
        assert marks == [f"line {round(LINES * 0.9):06d}"]
        await pilot.press("enter", "end")
        await until(pilot, lambda: f"line {LINES - 1:06d}" in preview.text)
        await until(pilot, lambda: preview.seen[1] == len(preview.text))
        await pilot.press("home")
        await until(pilot, lambda: top(app) == 0)


async def test_the_token_under_the_cursor_is_named(data: DataFolder, numbered: Path) -> None:
    app = opened(data, numbered)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: counted(app))
        await pilot.press("enter")
        await until(pilot, lambda: "33 %  30,000 times" in frame(app))
        assert "“line”  id " in frame(app)
        await pilot.press("right")
        await until(pilot, lambda: "“·000000”" in frame(app) and "once" in frame(app))
        await pilot.press("down")
        await until(pilot, lambda: "“·000001”" in frame(app))


async def test_the_numbers_have_three_pages(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: counted(app))
        await pilot.press("n")
        table = str(app.query_one(TokenTable).content)
        assert "Most frequent" in table
        assert "Least frequent" in table
        await pilot.press("n")
        await until(pilot, lambda: "5-gram" in str(app.query_one(BaselineTable).content))
        assert "lzma" in str(app.query_one(BaselineTable).content)
        await pilot.press("n")
        assert app.query_one("#facts", Static).display
        assert "In numbers" in str(app.query_one("#facts-box").border_title)


async def test_counting_can_be_stopped_and_taken_up_again(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    path.write_text("".join(f"word{n % 9999} " for n in range(1_500_000)))
    app = opened(data, path)
    app.config = with_settings(app.config, {"level": "bpe"})  # takes seconds
    async with app.run_test(size=SIZE) as pilot:
        preview = app.query_one(TokenPreview)
        await until(pilot, lambda: preview.text.startswith("word0"))
        app.simulate_key("x")
        await until(pilot, lambda: "not counted" in facts(app))
        assert not app.query_one(TextView).busy
        assert preview.text.startswith("word0"), "the preview stays"
        await pilot.press("x")
        await until(pilot, lambda: "not counted" not in facts(app) and counted(app))


async def test_the_footer_offers_to_stop_a_counting_while_there_is_one(
    data: DataFolder, numbered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if it is over before the clock that looks after the keys has ticked."""
    monkeypatch.setattr("minigpt_tui.tui.corpus.pane.WATCH_SECONDS", 3600.0)
    app = opened(data, numbered)

    def footer_has_stop() -> bool:
        return any(key.action == "stop_counting" for key in app.screen.query(FooterKey))

    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: footer_has_stop() or counted(app))
        app.screen.refresh_bindings()  # as a change of the focus does
        await until(pilot, lambda: counted(app) and not app.query_one(TextView).busy)
        await until(pilot, lambda: not footer_has_stop())
