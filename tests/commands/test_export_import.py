"""`export`, `import` and `train --start-from`: a model goes out, comes back and learns on."""

from __future__ import annotations

import shutil
import subprocess
import sys

import pytest
import torch

from minigpt_tui.cli import main
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import RunFolder, find_run, list_runs, read_config
from minigpt_tui.runs.metrics import EVALUATION, read_records
from minigpt_tui.runs.status import read_status
from tests.interop import nanogpt_reference as nanogpt
from tests.interop.models import same_model

pytest.importorskip("safetensors")

TINY = ["--preset", "tiny", "--epochs", "1", "--threads", "1"]
TEXT = "I eat bread.\nWe eat rice in the morning.\n" * 40


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    root = tmp_path_factory.mktemp("trained")
    command = ["train", *TINY, "--run", "first", "--checkpoint-every", "1"]
    assert run(*command, "--data-dir", str(root)) == 0
    return root


@pytest.fixture(autouse=True)
def here(trained, tmp_path, monkeypatch):
    """A data folder with the trained run, and an empty folder to work in."""
    shutil.copytree(trained, tmp_path / "copy")
    (tmp_path / "work").mkdir()
    monkeypatch.setenv("MINIGPT_TUI_HOME", str(tmp_path / "copy"))
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.fixture
def home(here):
    return DataFolder(here.parent / "copy")


def test_a_model_goes_out_and_comes_back(here, home, capsys):
    assert run("export", "first", "--to", "safetensors") == 0
    assert "✓ Written: first.safetensors" in capsys.readouterr().out
    assert run("import", "first.safetensors", "--run", "back") == 0
    out = capsys.readouterr().out
    assert "✓ Imported a safetensors file of minigpt-tui as the run back" in out
    assert "--start-from back" in out
    back, first = find_run(home, "back"), find_run(home, "first")
    assert same_model(load_checkpoint(back.best), load_checkpoint(first.best))
    assert read_config(back).data == read_config(first).data
    status = read_status(back)
    assert (status.state, status.best_val_loss) == ("completed", read_status(first).best_val_loss)
    assert run("predict", "I eat", "--run", "back") == 0
    assert run("eval", "--run", "back") == 0  # on the same text as it was measured on
    assert f"Val Loss: {status.best_val_loss:.4f}" in capsys.readouterr().out


def test_what_a_killed_export_left_is_gone_after_the_next(here):
    code = "from pathlib import Path; from minigpt_tui.temporary_files import temporary_beside as b"
    code += "; b(Path('first.safetensors')).write_bytes(b'half')"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=here)
    assert [path.name.startswith(".first.safetensors.") for path in here.iterdir()] == [True]
    assert run("export", "first", "--to", "safetensors") == 0
    assert [path.name for path in here.iterdir()] == ["first.safetensors"]


def test_any_checkpoint_can_be_chosen(here, home, capsys):
    for which, name in (
        ("final", "final_model.pt"),
        ("1", "checkpoint_epoch_1.pt"),
        ("best_model.pt", "best_model.pt"),
    ):
        target = f"{which}.safetensors"
        command = ["export", "first", "--to", "safetensors", "--checkpoint", which]
        assert run(*command, "--out", target) == 0
        assert name in capsys.readouterr().out
    file = str(find_run(home, "first").final)
    assert run("export", file, "--to", "safetensors") == 0
    assert (here / "final_model.safetensors").is_file()


def test_without_a_name_the_newest_run_goes_out(here):
    assert run("export", "--to", "safetensors") == 0
    assert (here / "first.safetensors").is_file()


@pytest.mark.parametrize(
    ("arguments", "fault"),
    [
        (["export", "none", "--to", "hf"], "There is no run “none”"),
        (["export", "first", "--to", "gguf"], "no tokenizer for characters"),
        (["export", "first", "--to", "safetensors", "--checkpoint", "7"], "It has: best_model.pt"),
        (["export", "first", "--to", "safetensors", "--checkpoint", "../x"], "has no ../x"),
        (["export", "x.pt", "--to", "hf", "--checkpoint", "best"], "name the run, or the file"),
        (["export", "x.pt", "--to", "hf"], "There is no file x.pt"),
        (["export", "first", "--to", "safetensors", "--out", "no/where/x"], "There is no folder"),
        (["import", "nothing"], "There is no file or folder nothing"),
        (["import", "nothing", "--run", "../x"], "cannot be a name of a run"),
        (["train", "--start-from", "first", "--d-model", "8"], "--d-model cannot be combined"),
        (["train", "--start-from", "first", "--level", "bpe"], "--level cannot be combined"),
        (["train", "--start-from", "first", "--seeds", "2"], "not allowed with"),
        (["train", "--start-from", "none"], "There is no run “none”"),
        (["train", "--start-from", "none.pt"], "There is no file none.pt"),
    ],
)
def test_mistakes_are_answered_in_words(arguments, fault, here, home, capsys):
    assert run(*arguments) == 2
    assert fault in capsys.readouterr().err
    assert not list(here.iterdir())
    assert [r.name for r in list_runs(home)] == ["first"]


def test_without_the_extra_it_is_named(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers", None)
    assert run("export", "first", "--to", "hf") == 2
    assert 'pip install "minigpt-tui[hf]"' in capsys.readouterr().err


def test_nanogpt_becomes_a_run_of_its_own_text(here, home, capsys):
    (here / "input.txt").write_text(TEXT, encoding="utf-8")
    nanogpt.write(here / "ckpt.pt", len(set(TEXT)))
    assert run("import", "ckpt.pt", "--vocabulary", "input.txt") == 0
    out = capsys.readouterr().out
    assert "as the run ckpt" in out
    assert "exact GELU" in out
    assert run("eval", "--run", "ckpt") == 0
    assert run("inspect", "lens", "I eat", "--run", "ckpt") == 0
    assert run("import", "ckpt.pt", "--vocabulary", "input.txt") == 2
    assert "already a run “ckpt”" in capsys.readouterr().err


def test_an_import_that_cannot_be_written_leaves_no_run(here, home, monkeypatch, capsys):
    assert run("export", "first", "--to", "safetensors") == 0

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("minigpt_tui.jobs.import_run.save_checkpoint", full)
    assert run("import", "first.safetensors", "--run", "back") == 2
    assert "No space left" in capsys.readouterr().err
    assert [r.name for r in list_runs(home)] == ["first"]


# Learning on


def first_loss(run: RunFolder) -> float:
    return float(read_records(run.evaluations_file, EVALUATION)["val_loss"][0])


def test_a_new_run_starts_from_the_weights_of_another(here, home, capsys):
    assert run("export", "first", "--to", "safetensors") == 0
    assert run("import", "first.safetensors", "--run", "back") == 0
    more = ["--epochs", "2", "--lr", "1e-3", "--threads", "1", "--run", "more"]
    assert run("train", "--start-from", "back", *more) == 0
    made, back = find_run(home, "more"), find_run(home, "back")
    before = load_checkpoint(back.best).metrics["val_loss"]
    assert first_loss(made) == pytest.approx(before, rel=1e-3)
    assert load_checkpoint(made.best).metrics["val_loss"] < before
    assert read_config(made).model.d_model == read_config(back).model.d_model
    assert load_checkpoint(made.best).tokenizer_json == load_checkpoint(back.best).tokenizer_json


def test_it_may_learn_another_text(here, home):
    (here / "other.txt").write_text("ünï " + TEXT, encoding="utf-8")
    command = ["train", "--start-from", "first", "--corpus", "other.txt", "--steps", "3"]
    assert run(*command, "--threads", "1", "--run", "more") == 0
    made = load_checkpoint(find_run(home, "more").best)
    assert made.tokenizer_json == load_checkpoint(find_run(home, "first").best).tokenizer_json


def test_a_model_from_elsewhere_needs_a_text_to_learn(here, home, capsys):
    (here / "input.txt").write_text(TEXT, encoding="utf-8")
    nanogpt.write(here / "ckpt.pt", len(set(TEXT)))
    assert run("import", "ckpt.pt", "--vocabulary", "input.txt") == 0
    assert run("train", "--start-from", "ckpt", "--steps", "2", "--threads", "1") == 0
    made = read_config(list_runs(home)[0])
    assert made.data.corpus == (str(here / "input.txt"),)  # the text that its vocabulary came from
    assert made.model.dropout == 0.1


def test_what_was_held_out_stays_held_out(here, home):
    assert run("train", *TINY, "--run", "half", "--val-fraction", "0.5") == 0
    assert run("train", "--start-from", "half", "--steps", "2", "--threads", "1") == 0
    assert read_config(list_runs(home)[0]).data == read_config(find_run(home, "half")).data


def test_a_text_given_in_a_file_is_taken(here, home):
    (here / "other.txt").write_text(TEXT, encoding="utf-8")
    (here / "more.yaml").write_text("corpus: [other.txt]\nsteps: 2\n", encoding="utf-8")
    command = ["train", "--start-from", "first", "--config", "more.yaml", "--threads", "1"]
    assert run(*command, "--run", "more") == 0
    assert read_config(find_run(home, "more")).data.corpus == ("other.txt",)


def test_killed_before_its_first_checkpoint_it_still_starts_from_the_weights(
    here, home, monkeypatch
):
    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    monkeypatch.setattr("minigpt_tui.jobs.train.drive", killed)
    with pytest.raises(Killed):
        main(["train", "--start-from", "first", "--steps", "3", "--threads", "1", "--run", "more"])
    monkeypatch.undo()
    monkeypatch.setenv("MINIGPT_TUI_HOME", str(home.root))
    begun = load_checkpoint(find_run(home, "more").last)
    weights = load_checkpoint(find_run(home, "first").best).model_state
    assert all(torch.equal(begun.model_state[name], weights[name]) for name in weights)
    assert run("train", "--resume", "more") == 0
    assert first_loss(find_run(home, "more")) == pytest.approx(
        load_checkpoint(find_run(home, "first").best).metrics["val_loss"], rel=1e-3
    )


def test_an_imported_run_is_not_resumed_from_nothing(here, capsys):
    assert run("export", "first", "--to", "safetensors") == 0
    assert run("import", "first.safetensors", "--run", "back") == 0
    assert run("train", "--resume", "back", "--epochs", "5") == 2
    assert "train --start-from back" in capsys.readouterr().err


@pytest.mark.peer
def test_a_trained_model_goes_to_hugging_face_with_its_figures_and_comes_back(here, home, capsys):
    pytest.importorskip("transformers")
    assert run("export", "first", "--to", "hf") == 0
    out = capsys.readouterr().out
    assert "compared on the validation text" in out
    card = (here / "first-hf" / "README.md").read_text(encoding="utf-8")
    loss = load_checkpoint(find_run(home, "first").best).metrics["val_loss"]
    assert f"{loss:.4f}" in card
    assert "for comparison: 5-gram" in card
    assert run("import", "first-hf") == 0
    assert same_model(
        load_checkpoint(find_run(home, "first-hf").best),
        load_checkpoint(find_run(home, "first").best),
    )
