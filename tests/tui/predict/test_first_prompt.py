"""Before a prompt has been typed, the text of the run begins one."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.predict.first_prompt import LONGEST, FirstPrompt
from minigpt_tui.tui.remembered import Remembered

USUAL = Remembered().prompt


def first_prompt(remembered: Remembered, run: RunFolder | None, data: DataFolder) -> str:
    FirstPrompt(remembered, data).begin(run)
    return remembered.prompt


def run_on(data: DataFolder, text: bytes | None, folder: Path, name: str = "own.txt") -> RunFolder:
    path = folder / name
    if text is not None:
        path.write_bytes(text)
    return create_run(data, path.stem, with_settings(load_preset("tiny"), {"corpus": (str(path),)}))


@pytest.mark.parametrize(
    ("text", "prompt"),
    [
        (b"  The\ncat sat on the mat", "The cat"),
        ("Привет, мир! ".encode() * 900, "Привет, мир!"),
        ("\ufeffEin\tSatz.".encode("utf-16"), "Ein Satz."),
        (b"x" * 5000, "x" * LONGEST),
        ("　猫が座る。".encode() * 900, ("猫が座る。　" * 9).split()[0] + " 猫が座る。"),
        (
            "﻿".encode("utf-16-be") + "猫が座る、".encode("utf-16-be") * 900,
            ("猫が座る、" * 9)[:LONGEST],
        ),
    ],
)
def test_a_text_begins_with_its_own_words(
    data: DataFolder, tmp_path: Path, text: bytes, prompt: str
) -> None:
    assert first_prompt(Remembered(), run_on(data, text, tmp_path), data) == prompt


@pytest.mark.parametrize("text", [None, b"", b" \n", b"\xff\xfe\x00", bytes(range(256))])
def test_where_a_text_has_no_words_to_give_the_usual_prompt_stands(
    data: DataFolder, tmp_path: Path, text: bytes | None
) -> None:
    assert first_prompt(Remembered(), run_on(data, text, tmp_path), data) == USUAL


def test_records_are_not_read_for_it(data: DataFolder, tmp_path: Path) -> None:
    run = run_on(data, b'{"text": "The cat"}\n', tmp_path, "own.jsonl")
    assert first_prompt(Remembered(), run, data) == USUAL


def test_what_was_typed_stays(data: DataFolder, tmp_path: Path) -> None:
    run = run_on(data, b"The cat sat", tmp_path)
    assert first_prompt(Remembered(prompt="Once"), run, data) == "Once"
    assert first_prompt(Remembered(prompt=""), run, data) == ""


def test_without_a_run_and_on_the_sample_text_the_usual_prompt_stands(data: DataFolder) -> None:
    assert first_prompt(Remembered(), None, data) == USUAL
    assert (
        first_prompt(Remembered(), create_run(data, "sample", load_preset("tiny")), data) == USUAL
    )


def test_each_run_begins_with_its_own_words_until_a_prompt_is_typed(
    data: DataFolder, tmp_path: Path
) -> None:
    cat = run_on(data, b"The cat sat", tmp_path, "cat.txt")
    satz = run_on(data, b"Ein Satz mehr", tmp_path, "satz.txt")
    remembered = Remembered()
    first = FirstPrompt(remembered, data)
    for run, prompt in ((cat, "The cat"), (satz, "Ein Satz"), (None, USUAL), (cat, "The cat")):
        first.begin(run)
        assert remembered.prompt == prompt
        assert first.typed == USUAL
    remembered.prompt = "The dog"
    first.begin(satz)
    assert (remembered.prompt, first.typed) == ("The dog", "The dog")
