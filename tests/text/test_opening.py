"""How a text begins is told in its own words, whatever the text is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.border import BORDER
from minigpt_tui.text.corpus import corpus_of
from minigpt_tui.text.opening import LONGEST, opening


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"  The cat sat on the mat", "The cat"),
        (b"emma\nolivia\n", "emma"),
        (b"Hippopotamuses everywhere, said she", "Hippopotamuses"),
        ("Привет, мир! ".encode() * 900, "Привет, мир!"),
        ("\ufeffEin\tSatz.".encode("utf-16"), "Ein"),
        (b"x" * 5000, "x" * LONGEST),
        ("猫が座る。".encode() * 900, ("猫が座る。" * 9)[:LONGEST]),
        (b" \n" * 9000 + b"Late", "Late"),
        (b"one", "one"),
    ],
)
def test_a_text_begins_with_its_first_words(
    data: DataFolder, tmp_path: Path, text: bytes, words: str
) -> None:
    path = tmp_path / "own.txt"
    path.write_bytes(text)
    assert opening(corpus_of(DataConfig(corpus=(str(path),)), data).texts) == words


def test_records_begin_with_the_words_of_the_first_that_has_some(
    data: DataFolder, tmp_path: Path
) -> None:
    path = tmp_path / "own.jsonl"
    path.write_text('{"text": ""}\n{"text": "The"}\n{"text": "cat sat"}\n')
    assert opening(corpus_of(DataConfig(corpus=(str(path),)), data).texts) == "The"


def test_a_text_of_many_files_begins_in_the_first_that_has_words() -> None:
    assert opening(["", " \n", f"{BORDER}A bee {BORDER}"]) == "A bee"
    assert opening([" " * 10**6, "far behind"]) == ""
    assert opening([]) == ""
