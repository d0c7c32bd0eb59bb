"""An imported model as a run: it says where it comes from, and keeps the figures it brings."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from minigpt_tui.interop.imported import Imported
from minigpt_tui.jobs.import_run import import_run
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.checkpoint_files import checkpoint_files
from minigpt_tui.runs.folder import list_runs, read_info
from minigpt_tui.tui.runs.run_view import RunReader
from minigpt_tui.tui.runs.run_words import sentences
from tests.interop.models import METRICS, checkpoint, same_model

COMPLETE = {**METRICS, "bits_per_char": 1.8}


def imported(metrics=COMPLETE):
    return Imported(dataclasses.replace(checkpoint(), metrics=dict(metrics)), "a model of ours")


def test_it_is_a_run_with_the_model_and_its_loss(data):
    run = import_run(imported(), Path("my model.safetensors"), data, None)
    assert run.name == "my-model"
    assert same_model(load_checkpoint(run.best), checkpoint())
    assert read_info(run).imported == "a model of ours, my model.safetensors"
    (file,) = checkpoint_files(run)
    assert (file.step, file.val_loss) == (60, 1.25)


def test_the_screen_says_that_it_was_not_trained_here(data):
    run = import_run(imported(), Path("\x1b[2Jmodel.pt"), data, "named")
    said = " ".join(sentences(RunReader(run).pull(), trained_here=False))
    assert said.startswith("Imported: a model of ours, ␛[2Jmodel.pt. F4 asks the model.")
    assert "held out" not in said


def test_without_figures_it_has_none(data):
    run = import_run(imported({}), Path("model.pt"), data, None)
    assert not run.evaluations_file.exists()
    (file,) = checkpoint_files(run)
    assert (file.step, file.val_loss) == (None, None)


@pytest.mark.parametrize("name", ["../x", "con", ""])
def test_an_unsafe_name_leaves_nothing(name, data):
    with pytest.raises(ValueError, match="cannot be a name of a run"):
        import_run(imported(), Path("x.pt"), data, name)
    assert list_runs(data) == []


@pytest.mark.parametrize(
    ("origin", "name"),
    [("…", "imported"), (".", None), ("a" * 100 + ".pt", "a" * 64), ("ünï.pth", "n")],
)
def test_the_files_name_becomes_a_safe_one(origin, name, data, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    run = import_run(imported(), Path(origin), data, None)
    assert name is None or run.name == name
