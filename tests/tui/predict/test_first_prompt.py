"""Before a prompt has been typed, the text of the run begins one."""

from __future__ import annotations

from dataclasses import replace

from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run, read_info, write_info
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.predict.first_prompt import LONGEST, FirstPrompt
from minigpt_tui.tui.remembered import Remembered

USUAL = Remembered().prompt


def first_prompt(remembered: Remembered, run: RunFolder | None) -> str:
    FirstPrompt(remembered).begin(run)
    return remembered.prompt


def run_on(data: DataFolder, name: str, opening: str) -> RunFolder:
    run = create_run(data, name, with_settings(load_preset("tiny"), {"corpus": (f"{name}.txt",)}))
    write_info(run, replace(read_info(run), opening=opening))
    return run


def test_a_prompt_begins_with_the_words_of_the_run_s_text(data: DataFolder) -> None:
    assert first_prompt(Remembered(), run_on(data, "own", "The cat")) == "The cat"
    foreign = run_on(data, "foreign", "line\n\x0bfeeds " + "x" * 9000)
    assert first_prompt(Remembered(), foreign) == ("line feeds " + "x" * 9000)[:LONGEST]


def test_where_a_run_has_no_words_to_give_the_usual_prompt_stands(data: DataFolder) -> None:
    assert first_prompt(Remembered(), run_on(data, "blanks", "")) == USUAL
    run = run_on(data, "damaged", "The cat")
    run.info_file.write_text("{")
    assert first_prompt(Remembered(), run) == USUAL
    run.config_file.unlink()
    assert first_prompt(Remembered(), run) == USUAL


def test_what_was_typed_stays(data: DataFolder) -> None:
    run = run_on(data, "own", "The cat")
    assert first_prompt(Remembered(prompt="Once"), run) == "Once"
    assert first_prompt(Remembered(prompt=""), run) == ""


def test_without_a_run_and_on_the_sample_text_the_usual_prompt_stands(data: DataFolder) -> None:
    assert first_prompt(Remembered(), None) == USUAL
    sample = create_run(data, "sample", load_preset("tiny"))
    write_info(sample, replace(read_info(sample), opening="A whale"))
    assert first_prompt(Remembered(), sample) == USUAL


def test_each_run_begins_with_its_own_words_until_a_prompt_is_typed(data: DataFolder) -> None:
    cat, satz = run_on(data, "cat", "The cat"), run_on(data, "satz", "Ein Satz")
    remembered = Remembered()
    first = FirstPrompt(remembered)
    for run, prompt in ((cat, "The cat"), (satz, "Ein Satz"), (None, USUAL), (cat, "The cat")):
        first.begin(run)
        assert remembered.prompt == prompt
        assert first.typed == USUAL
    remembered.prompt = "The dog"
    first.begin(satz)
    assert (remembered.prompt, first.typed) == ("The dog", "The dog")
