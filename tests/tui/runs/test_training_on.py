"""What a run is set up as that begins with the weights of another."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from minigpt_tui.config import UNKNOWN_CORPUS, RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import load_checkpoint, save_checkpoint
from minigpt_tui.runs.folder import create_run, find_run, list_runs, read_config
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.runs.train_on_dialog import TrainOnDialog
from minigpt_tui.tui.runs.training_on import config_of_training_on
from tests.tui.predict.asking import TEXT, checkpoint, config_of, until


def test_what_is_left_empty_stays() -> None:
    theirs = with_settings(RunConfig(), {"corpus": ("mine.txt",), "lr": 0.01, "steps": 7})
    assert config_of_training_on(theirs, {}) == theirs
    assert config_of_training_on(theirs, {"corpus": " ", "epochs": "", "lr": ""}) == theirs


def test_another_text_is_read_as_a_text_is() -> None:
    theirs = with_settings(RunConfig(), {"corpus": ("a.jsonl",), "text_field": "body"})
    begun = config_of_training_on(theirs, {"corpus": "b.txt", "lr": "1e-4"})
    assert begun.data.corpus == ("b.txt",)
    assert begun.data.text_field == RunConfig().data.text_field
    assert begun.training.lr == 1e-4


def test_epochs_count_where_the_run_had_steps() -> None:
    theirs = with_settings(RunConfig(), {"steps": 7})
    begun = config_of_training_on(theirs, {"epochs": "3"})
    assert (begun.training.epochs, begun.training.steps) == (3, None)


@pytest.mark.parametrize(
    ("typed", "said"), [({}, "Type the text"), ({"corpus": "a", "lr": "fast"}, "must be a number")]
)
def test_what_cannot_be_is_refused_in_words(typed: dict[str, str], said: str) -> None:
    theirs = with_settings(RunConfig(), {"corpus": UNKNOWN_CORPUS})
    with pytest.raises(ValueError, match=said):
        config_of_training_on(theirs, typed)


async def test_a_run_is_trained_on_with_another_text(data: DataFolder, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("We eat rice in the evening. " * 60, encoding="utf-8")
    (data.corpora / "first.txt").write_text(TEXT, encoding="utf-8")
    quick = {"corpus": ("first",), "steps": 2, "threads": 1, "precision": "fp32", "compile": "off"}
    run = create_run(data, "first", with_settings(config_of("char"), quick))
    save_checkpoint(run.best, checkpoint("char"))
    app = Workbench(data)
    app.remembered.pane = "runs"
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "t" in app.screen.active_bindings)
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, TrainOnDialog))
        dialog = app.screen
        dialog.query_one("#lr", Input).value = "much"
        await pilot.press("enter")
        error = dialog.query_one(".error", Static)
        await until(pilot, lambda: "lr must be a number" in str(error.content))
        dialog.query_one("#lr", Input).value = ""
        dialog.query_one("#corpus", Input).value = str(other)
        await pilot.press("enter")
        await until(pilot, lambda: app.pane_name == "train")
        await until(pilot, lambda: app.session.job is not None and app.session.job.done.is_set())
        assert app.session.job is not None
        assert app.session.job.error is None
    begun = next(found for found in list_runs(data) if found.name != "first")
    assert read_config(begun).data.corpus == (str(other),)
    assert read_config(begun).model == read_config(find_run(data, "first")).model
    assert load_checkpoint(begun.best).tokenizer_json == checkpoint("char").tokenizer_json
