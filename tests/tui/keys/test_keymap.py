"""Own keys for actions: taken up where they can be, refused in a sentence where they cannot."""

from __future__ import annotations

from typing import Any

import pytest
from textual.widgets import Static

from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.keys.help import HelpScreen
from minigpt_tui.tui.keys.keymap import read_keymap


def test_without_an_entry_every_action_has_its_own_keys():
    keymap = read_keymap(None)
    assert keymap.keys_of("train.start") == "ctrl+t"
    assert keymap.problems == ()


@pytest.mark.parametrize(
    ("entry", "taken"),
    [
        ({"corpus.cycle_level": "7"}, {"corpus.cycle_level": "7"}),
        ({"corpus.cycle_level": "["}, {"corpus.cycle_level": "left_square_bracket"}),
        ({"runs.pin_run": ["x", "Ctrl+B"]}, {"runs.pin_run": "x,ctrl+b"}),
        ({"runs.pin_run": "x, y"}, {"runs.pin_run": "x,y"}),
        ({"loss_plot.log": "g"}, {"loss_plot.log": "g"}),
        ({"divider.left": "h"}, {"divider.left": "h"}),
        # Two actions may exchange their keys.
        (
            {"train.start": "f7", "train.pause": "ctrl+t"},
            {"train.start": "f7", "train.pause": "ctrl+t"},
        ),
    ],
)
def test_keys_that_can_be_had(entry: dict[str, Any], taken: dict[str, str]):
    keymap = read_keymap(entry)
    assert dict(keymap.keys) == taken
    assert keymap.problems == ()


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("ctrl+y", "write each on a line of its own"),
        (["ctrl+y"], "write each on a line of its own"),
        ({"train.strat": "f11"}, "Did you mean train.start?"),
        ({7: "f11"}, "there is no action 7"),
        ({"train.start": "f99"}, "f99 is not a key, so train.start keeps ctrl+t"),
        ({"train.start": None}, "train.start has no key"),
        ({"train.start": {"a": 1}}, "is not a key"),
        ({"train.start": "x"}, "needs a function key or ctrl and a letter, not x"),
        ({"train.start": "f3"}, "f3 belongs to app.train (Train), so train.start keeps ctrl+t"),
        ({"app.help": "ctrl+p"}, "ctrl+p opens the palette"),
        ({"runs.pin_run": "f11", "runs.mark_run": "f11"}, "so runs.mark_run keeps space"),
        ({"[bold]\x1b[2J": "x"}, "there is no action"),
    ],
)
def test_keys_that_cannot_be_had_are_explained_and_left_out(entry: Any, said: str):
    keymap = read_keymap(entry)
    assert len(keymap.problems) == 1
    assert said in keymap.problems[0]
    assert "\x1b" not in keymap.problems[0]


def test_a_bad_line_does_not_spoil_the_others():
    keymap = read_keymap({"train.start": "nonsense", "runs.pin_run": "x"})
    assert dict(keymap.keys) == {"runs.pin_run": "x"}


async def test_the_mapped_key_works_and_footer_and_help_show_it(data):
    data.settings.write_text(
        "keys:\n  corpus.cycle_level: y\n  app.train: f11\n  app.nonsense: x\n"
    )
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        level = app.config.data.level
        await pilot.press("k")
        assert app.config.data.level == level, "the old key does nothing any more"
        await pilot.press("y")
        assert app.config.data.level != level
        shown = {app.get_key_display(b.binding) for b in app.screen.active_bindings.values()}
        assert "y" in shown
        assert "F11 Train" in " ".join(str(tab.render()) for tab in app.query("Tab"))
        assert any("app.nonsense" in notice.message for notice in app._notifications)
        await pilot.press("f1")
        assert isinstance(app.screen, HelpScreen)
        text = " ".join(str(part.render()) for part in app.screen.query(Static))
        assert "(instead of k)" in text
        await pilot.press("escape", "f11")
        assert app.pane_name == "train"
