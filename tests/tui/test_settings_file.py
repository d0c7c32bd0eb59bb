"""settings.yaml belongs to its owner: what the workbench does not know in it stays as it is."""

from __future__ import annotations

import pytest
import yaml

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.remembered import Remembered, load_remembered, save_remembered
from minigpt_tui.tui.settings_file import read_settings, with_entries, write_settings

OWN = """\
# mine
theme: nord  # at night
keys:
  # the left hand
  train.start: ctrl+y
on_hangup: stop
recent_texts:
- a.txt
# the end
"""


def test_comments_and_unknown_entries_stay_when_facts_are_saved(data):
    data.settings.write_text(OWN)
    remembered = load_remembered(data)
    remembered.pane = "runs"
    remembered.recent_texts = ["b.txt", "c.txt"]
    save_remembered(remembered, data)
    text = data.settings.read_text()
    for kept in (
        "theme: nord  # at night",
        "# mine",
        "  # the left hand",
        "train.start: ctrl+y",
        "on_hangup: stop",
        "# the end",
    ):
        assert kept in text
    plain = yaml.safe_load(text)
    assert plain["theme"] == "nord"
    assert plain["pane"] == "runs"
    assert plain["recent_texts"] == ["b.txt", "c.txt"]


def test_a_file_in_another_style_keeps_its_entries():
    text = with_entries("{theme: nord, keys: {train.start: f5}}", {"theme": "dracula"})
    assert yaml.safe_load(text) == {"theme": "dracula", "keys": {"train.start": "f5"}}


def test_an_entry_that_stands_twice_is_written_once():
    text = with_entries("pane: runs\npane: train\n", {"pane": "corpus"})
    assert text == "pane: corpus\n"


def test_a_file_that_cannot_be_read_is_not_written_over(data, caplog):
    data.settings.write_text("keys:\n  train.start: [ctrl+y\n")
    save_remembered(Remembered(pane="runs"), data)
    assert data.settings.read_text() == "keys:\n  train.start: [ctrl+y\n"
    assert "line" in caplog.text


def test_sizes_and_switches_come_back(data):
    data.settings.write_text("bell: off\n")
    remembered = load_remembered(data)
    assert remembered.bell == "off"  # which YAML reads as false
    remembered.sizes = {"train.form": 60}
    save_remembered(remembered, data)
    assert load_remembered(data) == remembered
    assert "bell: off" in data.settings.read_text()


def test_a_chain_of_aliases_is_refused_before_it_unfolds(data: DataFolder) -> None:
    data.settings.write_text("a: &a [*a]\n")
    with pytest.raises(ValueError, match=r"settings\.yaml"):
        read_settings(data)
    write_settings(data, {"theme": "nord"})
    assert data.settings.read_text() == "a: &a [*a]\n"


@pytest.mark.parametrize("text", ["été 🙂 и", "a\x85b", "a\u2028b\r\n", "\ufeffa\x00\x1b"])
def test_any_text_comes_back_as_it_was(text: str, data: DataFolder) -> None:
    write_settings(data, {"theme": text, "pane": "runs"})
    assert read_settings(data) == {"theme": text, "pane": "runs"}
