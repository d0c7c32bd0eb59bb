"""What a person does in the workbench, on a real terminal with the installed program."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import list_runs
from tests.e2e.terminal import PROGRAM, Terminal

TINY = "preset: tiny\n"


def remember(home: Path, text: str) -> None:
    """What an earlier visit would have left in the settings file."""
    home.mkdir(parents=True, exist_ok=True)
    (home / "settings.yaml").write_text(text)


def only_run(home: Path):
    (run,) = list_runs(DataFolder(home))
    return run


def test_a_newcomer_trains_with_one_key_and_asks_the_model(home):
    remember(home, TINY)
    with Terminal(home) as terminal:
        terminal.wait_for("sample_corpus")
        terminal.press("t")
        terminal.wait_for(lambda text: "completed" in text or "Done" in text, 120)
        terminal.press("f4")
        terminal.wait_for("I eat")
        terminal.wait_for(lambda text: re.search(r"\d\d?\.\d ?%", text) is not None)
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
        terminal.assert_restored()
    assert only_run(home).best.exists()


def test_an_own_file_is_found_by_typing_its_path(home, tmp_path):
    remember(home, TINY)
    own = tmp_path / "my poems.txt"
    own.write_text("Roses are red and skies are blue. " * 100)
    with Terminal(home) as terminal:
        terminal.wait_for("sample_corpus")
        terminal.wait_for("o Open")  # every key of the way is on the screen before it is needed
        terminal.press("o")
        terminal.wait_for("path of a text file")
        terminal.press(str(own), "enter")
        terminal.wait_for("Roses")
        terminal.wait_for("t Train")
        terminal.press("t")
        terminal.wait_for("F4 asks", 120)
        terminal.press("f4")  # the fourth key: a trained model answers
        terminal.wait_for(lambda text: re.search(r"\d\d?\.\d ?%", text) is not None)
    assert only_run(home).name.startswith("my-poems")


def test_a_hostile_text_cannot_steer_the_terminal(home, tmp_path):
    remember(home, TINY)
    hostile = tmp_path / "[bold]x.txt"
    hostile.write_text("\x1b]0;owned\x07[/nope] \x1b[2J[@click=app.quit]x[/] \x9b31m ok. " * 60)
    with Terminal(home) as terminal:
        terminal.wait_for("sample_corpus")
        terminal.press("o")
        terminal.wait_for("path of a text file")
        terminal.press(str(hostile), "enter")
        terminal.wait_for("nope")
        terminal.press("t")
        terminal.wait_for(lambda text: "completed" in text or "Done" in text, 120)
        assert terminal.title != "owned"
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0


def test_without_a_terminal_the_commands_are_named(home):
    done = subprocess.run(
        [PROGRAM, "--data-dir", str(home)], capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 2
    assert "minigpt-tui --help" in done.stderr


def test_the_trained_run_answers_on_the_command_line(home):
    remember(home, TINY)
    with Terminal(home) as terminal:
        terminal.wait_for("sample_corpus")
        terminal.press("t")
        terminal.wait_for(lambda text: "completed" in text or "Done" in text, 120)
        terminal.press("ctrl+q")
        terminal.wait_for_exit()
    with Terminal(home, "predict", "I eat", "--json", columns=200, lines=200) as terminal:
        assert terminal.wait_for_exit() == 0
        answer = json.loads(terminal.text)
    assert answer["next_words"]


def test_a_byte_that_is_no_utf8_does_not_end_the_program(home):
    with Terminal(home) as terminal:
        terminal.wait_for("sample_corpus")
        terminal.press("f4")
        terminal.wait_for("F7 Write")
        terminal.process.send(b"\xe9\x9bx")
        terminal.press("f2")
        terminal.wait_for("sample_corpus")
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0


def test_the_demo_shows_a_finished_run_and_leaves_nothing_behind(home, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with Terminal(home, "--demo") as terminal:
        terminal.wait_for("Training demo-words")
        terminal.wait_for("Run demo-characters", 120)
        terminal.wait_for("2 of 4")
        assert len(list(tmp_path.glob("minigpt-tui-demo-*"))) == 1
        terminal.press("f4")
        terminal.wait_for(lambda text: re.search(r"\d\d?\.\d ?%", text) is not None)
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0
        terminal.assert_restored()
    assert list(tmp_path.glob("minigpt-tui-demo-*")) == []
    assert list_runs(DataFolder(home)) == []
