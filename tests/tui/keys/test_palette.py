"""The command palette: what it offers, and that each command does what it says."""

from __future__ import annotations

from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.keys.help import HelpScreen
from tests.tui.window import opened


async def test_the_palette_offers_the_actions_of_the_pane(data):
    app = Workbench(data)
    async with opened(app):
        await app.action_pane("train")
        titles = {command.title for command in app.get_system_commands(app.screen)}
        assert {"Theme", "Start", "Quit"} <= titles


async def test_a_command_of_the_palette_does_what_it_says(data):
    app = Workbench(data)
    async with opened(app) as pilot:
        for title, happened in (
            ("Train", lambda: app.pane_name == "train"),
            ("Form/run", lambda: app.query_one("TrainPane").has_class("-monitor")),
            ("Tour", lambda: bool(app.query("Tour"))),
            ("Help", lambda: isinstance(app.screen, HelpScreen)),
        ):
            commands = app.get_system_commands(app.screen)
            await next(c for c in commands if c.title == title).callback()
            await pilot.pause(0.01)
            assert happened(), title
