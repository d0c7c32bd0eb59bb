"""Keys that turn panes faster than panes can turn."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key
from textual.pilot import Pilot

import minigpt_tui.tui
from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.app import Workbench

PATIENCE_SECONDS = 20.0


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

    async def comes_to(self, pilot: Pilot[None], turned: list[str], typed: str) -> None:
        """Waits until these panes were turned to and the prompt ends like this."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while self.turned != turned or not self.remembered.prompt.endswith(typed):
            assert time.monotonic() < deadline, (self.turned, self.remembered.prompt)
            await pilot.pause(0.05)


@pytest.mark.parametrize(
    ("settings", "keys", "turned", "typed"),
    [
        # Of some in a row the newest wins, and what follows goes there.
        ("", ("f3", "f5", "f6", "f2", "f4", "x", "y"), ["predict"], "xy"),
        # What is typed between two goes where it was meant.
        ("", ("f4", "z", "f3", "f6", "f4", "y"), ["predict", "predict"], "zy"),
        # Keys that somebody mapped count too, and digits stay text.
        (
            "keys:\n  app.train: f11\n",
            ("f6", "f11", "f4", "1", "2", "f11"),
            ["predict", "train"],
            "12",
        ),
    ],
)
async def test_of_pane_keys_in_a_row_the_newest_wins_and_text_goes_where_it_was_meant(
    data: DataFolder, settings: str, keys: tuple[str, ...], turned: list[str], typed: str
) -> None:
    data.settings.write_text(settings, encoding="utf-8")
    app = Watched(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        app.turned.clear()
        app.type_at_once(*keys)
        await app.comes_to(pilot, turned, typed)
        await pilot.pause()
        assert app.turned == turned
