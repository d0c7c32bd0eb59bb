"""Keys that turn panes faster than panes can turn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from textual.events import Key

import minigpt_tui.tui
from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.widgets.prompt import PromptInput


class Watched(Workbench):
    """Notes the panes that were turned to."""

    CSS_PATH = Path(minigpt_tui.tui.__path__[0]) / "app.tcss"

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.turned: list[str] = []

    async def action_pane(self, name: str) -> None:
        self.turned.append(name)
        await super().action_pane(name)

    def type_at_once(self, *keys: str) -> None:
        """As a terminal does while the workbench is busy."""
        for key in keys:
            self.post_message(Key(key, key if len(key) == 1 else None))


async def test_of_pane_keys_in_a_row_the_newest_wins_and_what_follows_goes_there(
    data: DataFolder,
) -> None:
    app = Watched(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.turned.clear()
        app.type_at_once("f3", "f5", "f6", "f2", "f4", "x", "y")
        await pilot.pause(0.1)
        assert app.turned == ["predict"]
        assert app.query_one(PromptInput).prompt.endswith("xy")


async def test_what_is_typed_between_two_pane_keys_goes_where_it_was_meant(
    data: DataFolder,
) -> None:
    app = Watched(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.turned.clear()
        app.type_at_once("f4", "z", "f3", "f6", "f4")
        await pilot.pause(0.1)
        assert app.turned == ["predict", "predict"]
        assert app.query_one(PromptInput).prompt.endswith("z")


async def test_keys_that_somebody_mapped_count_too_and_digits_stay_text(data: DataFolder) -> None:
    data.settings.write_text("keys:\n  app.train: f11\n", encoding="utf-8")
    app = Watched(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.turned.clear()
        app.type_at_once("f6", "f11", "f4", "1", "2", "f11")
        await pilot.pause(0.1)
        assert app.turned == ["predict", "train"]
        assert app.remembered.prompt.endswith("12")
