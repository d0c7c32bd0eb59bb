"""The frame of the workbench: panes, header, help, and what is remembered."""

from __future__ import annotations

import pytest
from textual.widgets import Static

from minigpt_tui.tui.actions import ACTIONS
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.keys.help import HelpScreen
from minigpt_tui.tui.keys.help_words import ABOUT
from minigpt_tui.tui.panes import PANES
from minigpt_tui.tui.remembered import load_remembered
from tests.tui.window import begun, ended, endless, opened

SHARE_A_KEY = {"go_on", "resume", "queue_run", "count_again", "take_back"}
"""Of those with one key only the one that applies is bound (`check_action`)."""


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


async def test_the_header_tells_of_the_training_on_every_pane(data):
    app = Workbench(data)
    async with opened(app, size=(120, 30)) as pilot:
        endless(app)
        app.trainings.start(app.config, "shown")
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


async def test_panes_can_be_turned_faster_than_they_are_built(data):
    """The footer asks a pane for its keys also while the pane's parts come and go."""
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        for number in range(4):
            for key in ("f3", "f2", "f4", "f5", "f6", "f2"):
                app.simulate_key(key)
            app.refresh_bindings()
            await pilot.pause(0.01 * (number % 4))
        while app.pane_name != "corpus":
            await pilot.pause(0.01)


def test_a_window_that_goes_before_it_has_opened_changes_no_settings(data):
    Workbench(data).remember()
    assert not data.settings.exists()
