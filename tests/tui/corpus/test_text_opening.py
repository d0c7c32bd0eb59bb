"""What a pasted text means: a path, as terminals and shells write one, or a text."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.tui.corpus.text_choices import PROGRAM, TextChoice, disk_choice
from minigpt_tui.tui.corpus.text_opening import folder_of, pasted_path


@pytest.mark.parametrize("written", ["{}", "'{}'", '"{}"', " {}\n"])
def test_a_path_may_be_quoted(tmp_path: Path, written: str) -> None:
    path = tmp_path / "my text.txt"
    path.write_text("x")
    assert pasted_path(written.format(path)) == str(path)


def test_a_space_may_be_escaped(tmp_path: Path) -> None:
    path = tmp_path / "my text.txt"
    path.write_text("x")
    assert pasted_path(str(path).replace(" ", "\\ ")) == str(path)


@pytest.mark.parametrize(
    "pasted", ["", "once upon a time", "/no/such/file", "a\nb", "x" * 5000, "'"]
)
def test_other_texts_are_no_path(pasted: str) -> None:
    assert pasted_path(pasted) is None


def test_the_next_text_is_sought_beside_the_last(tmp_path: Path) -> None:
    assert folder_of(disk_choice((str(tmp_path / "a.txt"),))) == tmp_path
    assert folder_of(TextChoice(PROGRAM, "stories", ("stories",))) == Path.cwd()
