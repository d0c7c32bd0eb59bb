"""The workbench remembers selections, and a damaged file only means a fresh start."""

from __future__ import annotations

import pytest

from minigpt_tui.tui.remembered import Remembered, load_remembered, save_remembered


def test_what_is_saved_comes_back(data):
    saved = Remembered(theme="nord", pane="predict", prompt="Ich esse – ☕")
    save_remembered(saved, data)
    assert load_remembered(data) == saved


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xfe\x00", b"[[[[", b"- a list", b"theme: {a: 1}", b"pane: 3\nlevel: []"]
)
def test_a_damaged_file_means_the_defaults(content, data):
    data.settings.write_bytes(content)
    assert load_remembered(data) == Remembered()


def test_good_entries_survive_beside_bad_ones(data):
    data.settings.write_text("theme: 7\nprompt: hello\nunknown: x\n")
    assert load_remembered(data) == Remembered(prompt="hello")


def test_a_word_that_is_no_choice_is_named_and_left(data, caplog):
    data.settings.write_text("on_hangup: never\nprompt: hello\n")
    assert load_remembered(data) == Remembered(prompt="hello")
    assert "must be background or stop" in caplog.text


def test_an_alias_bomb_is_refused(data):
    data.settings.write_text("a: &a [1]\nprompt: *a\n")
    assert load_remembered(data) == Remembered()


def test_a_disk_that_refuses_is_logged_and_nothing_breaks(data, caplog):
    data.settings.mkdir()
    save_remembered(Remembered(), data)
    assert "cannot be written" in caplog.text
