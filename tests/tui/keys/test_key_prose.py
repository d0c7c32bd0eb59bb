"""Keys that sentences name are those that work now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import minigpt_tui.tui
from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.corpus.next_step import NextStep
from minigpt_tui.tui.keys.key_prose import with_bold_keys, with_keys
from minigpt_tui.tui.keys.keymap import WIDGETS, Keymap, mappable_actions
from minigpt_tui.tui.predict.pane import PredictPane

MAPPED = Keymap({"train.start": "ctrl+r,f11"})


def test_a_mark_becomes_the_key_that_the_action_has() -> None:
    words = "‹train.start› starts, ‹train.stop› stops, ‹runs.mark_run› marks, ‹^p› finds."
    assert with_keys(words, Keymap({})) == "^t starts, F8 stops, space marks, ^p finds."
    assert with_keys(words, MAPPED).startswith("^r starts, F8 stops")
    assert with_bold_keys(words, MAPPED).plain == with_keys(words, MAPPED)


@pytest.mark.parametrize("text", ["‹no.action›", "‹›", "‹a b›", "a ‹ b", "›‹", "‹Train.start›"])
def test_what_names_no_action_stays_as_it_is(text: str) -> None:
    assert with_keys(text, MAPPED) == text
    assert with_bold_keys(text, MAPPED).plain == text


def test_every_mark_in_the_sources_names_an_action() -> None:
    names = set(mappable_actions(WIDGETS))
    marks = {
        mark
        for file in Path(minigpt_tui.tui.__path__[0]).rglob("*.py")
        for mark in re.findall(r"‹([a-z_]+\.[a-z_]+)›", file.read_text(encoding="utf-8"))
    }
    assert len(marks) > 20
    assert marks <= names


async def test_hints_notices_and_help_follow_the_keymap(data: DataFolder) -> None:
    data.settings.write_text(
        "keys:\n  corpus.train_corpus: y\n  predict.compare: f11\n  corpus.open_path: q\n",
        encoding="utf-8",
    )
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert "Press y to train" in str(app.query_one(NextStep).content)
        await pilot.press("f1")
        assert any("q opens any file" in str(part.render()) for part in app.screen.query("Static"))
        await pilot.press("escape")
        await app.action_pane("predict")
        app.query_one(PredictPane).notify("End it: ‹predict.compare›.", markup=False)
        await pilot.pause()
        assert [note.message for note in app._notifications] == ["End it: F11."]
