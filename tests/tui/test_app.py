"""The frame of the workbench: panes, header, help, palette, leaving."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from minigpt_tui.config import load_preset, with_settings
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.tui.actions import ACTIONS
from minigpt_tui.tui.app import PANES, Workbench
from minigpt_tui.tui.help import ABOUT, HelpScreen
from minigpt_tui.tui.leave import LeaveDialog
from minigpt_tui.tui.remembered import load_remembered

SHARE_A_KEY = {"go_on", "resume", "queue_run", "count_again", "take_back"}
"""Of those with one key only the one that applies is bound (`check_action`)."""


async def ended(app: Workbench) -> None:
    """Waits until the training thread is done."""
    while app.session.active:
        await asyncio.sleep(0.02)


async def begun(app: Workbench) -> None:
    """Waits until the first step is near."""
    while app.session.job is None or app.session.job.phase == "preparing":
        await asyncio.sleep(0.02)


def endless(app: Workbench) -> None:
    """Sets up a training that ends only when it is told to."""
    settings = {"epochs": 100_000, "threads": 1, "precision": "fp32", "compile": "off"}
    app.config = with_settings(load_preset("tiny"), settings)


@asynccontextmanager
async def opened(app: Workbench, **options: Any) -> AsyncIterator[Pilot[None]]:
    """The app on a test screen; its training ends with the test, also when the test fails."""
    async with app.run_test(**options) as pilot:
        try:
            yield pilot
        finally:
            app.session.stop()


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_function_keys_switch_panes_and_one_alone_is_mounted(data, size):
    app = Workbench(data)
    async with opened(app, size=size) as pilot:
        for key, name in zip(("f3", "f4", "f2"), ("train", "predict", "corpus"), strict=True):
            await pilot.press(key)
            assert app.pane_name == name
            assert len(app.query_one("#pane").children) == 1
            assert app.focused is not None, "the next key must have somewhere to go"


async def test_a_click_on_a_tab_opens_its_pane(data):
    app = Workbench(data)
    async with opened(app) as pilot:
        tab = next(t for t in app.query("Tab") if "Predict" in str(t.render()))
        await pilot.click(tab)
        assert app.pane_name == "predict"


@pytest.mark.parametrize("pane", PANES)
async def test_every_pane_explains_itself(data, pane):
    app = Workbench(data)
    async with opened(app) as pilot:
        await app.action_pane(pane)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        shown = " ".join(str(part.render()) for part in app.screen.query(Static))
        shown = " ".join(shown.split())  # long lines are wrapped
        assert ABOUT[pane][0] in shown
        for action in ACTIONS:
            if action.scope == pane and not action.is_alias:
                assert action.help in shown
        await pilot.press("f1")
        assert not isinstance(app.screen, HelpScreen)


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


async def test_no_key_has_two_meanings_in_a_pane():
    for pane in PANES:
        keys = [
            key
            for action in ACTIONS
            if action.scope in ("app", pane) and action.id not in SHARE_A_KEY
            for key in action.keys.split(",")
        ]
        assert len(keys) == len(set(keys)), pane


async def test_theme_and_pane_are_remembered(data):
    app = Workbench(data)
    async with opened(app):
        app.theme = "minigpt-light"
        await app.action_pane("predict")
        app.remember()
    again = Workbench(data)
    async with opened(again):
        assert again.theme == "minigpt-light"
        assert again.pane_name == "predict"
    assert load_remembered(data).pane == "predict"


async def test_leaving_without_a_training_asks_nothing(data):
    app = Workbench(data)
    async with opened(app) as pilot:
        await pilot.press("ctrl+q")
    assert app.return_code == 0


async def test_leaving_a_training_asks_and_can_be_taken_back(data):
    app = Workbench(data)
    async with opened(app) as pilot:
        endless(app)
        app.start_training("long")
        await begun(app)
        await pilot.press("ctrl+q")
        assert isinstance(app.screen, LeaveDialog)
        await pilot.press("escape")
        assert not isinstance(app.screen, LeaveDialog)
        assert app.session.active
        await pilot.press("ctrl+q", "s")
        await ended(app)
    assert list_runs(data)[0].last.exists()


async def test_the_header_tells_of_the_training_on_every_pane(data):
    app = Workbench(data)
    async with opened(app, size=(120, 30)) as pilot:
        endless(app)
        app.start_training("shown")
        await begun(app)
        for pane in PANES:
            await app.action_pane(pane)
            for _ in range(200):
                await pilot.pause(0.02)
                if "shown" in str(app.query_one("#progress", Static).render()):
                    break
            assert "shown" in str(app.query_one("#progress", Static).render())
        app.session.stop()
        await ended(app)


async def test_a_second_training_is_refused_while_one_runs(data):
    app = Workbench(data)
    async with opened(app):
        endless(app)
        app.start_training("one")
        app.start_training("two")
        await begun(app)
        app.session.stop()
        await ended(app)
    assert [run.name for run in list_runs(data)] == ["one"]


async def test_a_training_that_cannot_begin_leaves_words_and_no_run(data):
    app = Workbench(data)
    async with opened(app):
        app.config = with_settings(load_preset("tiny"), {"corpus": ("/no/such.txt",)})
        app.start_training("none")
        await ended(app)
        assert app.session.job is not None
        assert "such.txt" in (app.session.job.error or "")
    assert list_runs(data) == []


async def test_panes_can_be_turned_faster_than_they_are_built(data):
    """The footer asks a pane for its keys also while the pane's parts come and go."""
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(8):
            for key in ("f3", "f2", "f4", "f5", "f6", "f2"):
                app.simulate_key(key)
            app.refresh_bindings()
            await pilot.pause(0.01 * (number % 4))
        while app.pane_name != "corpus":
            await pilot.pause(0.01)


def test_a_window_that_goes_before_it_has_opened_changes_no_settings(data):
    Workbench(data).remember()
    assert not data.settings.exists()
