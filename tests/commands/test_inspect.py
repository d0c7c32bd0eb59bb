"""`inspect` shows each view of a trained model as a table and as JSON."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from minigpt_tui.cli import main
from minigpt_tui.commands.table import cells, table, token_cell

TEXT = "the cat sat on the mat. the dog ate the cake and the cat ate the fish.\n" * 30
VIEWS = [
    ["lens", "the cat"],
    ["attention", "the cat"],
    ["attention", "the cat", "--layer", "1", "--head", "0"],
    ["attribution", "the cat", "--heads"],
    ["ablate", "the cat", "--validation"],
    ["ablate", "the cat", "--how", "zero"],
    ["ablate", "the cat", "--patch", "the dog"],
    ["surprisal", "the cat", "--validation"],
    ["neighbours", "e", "--top-k", "4"],
    ["calibration"],
    ["evidence", "the cat", "--max-new-tokens", "40"],
]
EACH_VIEW = pytest.mark.parametrize("view", VIEWS, ids=" ".join)


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with one run and its text; each test gets a copy."""
    root = tmp_path_factory.mktemp("trained")
    (root / "corpora").mkdir()
    (root / "corpora" / "pets.txt").write_text(TEXT, encoding="utf-8")
    flags = (
        "--d-model 16 --n-heads 2 --n-layers 2 --d-ff 32 --max-seq-len 16 --epochs 1 --threads 1"
    )
    assert (
        run("train", "--corpus", "pets", "--run", "pets", *flags.split(), "--data-dir", str(root))
        == 0
    )
    return root


@pytest.fixture(autouse=True)
def home(trained, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    monkeypatch.setenv("MINIGPT_TUI_HOME", str(copy))
    return copy


def answer(capsys, *arguments: str) -> dict:
    capsys.readouterr()
    assert run("inspect", *arguments, "--json") == 0
    return json.loads(capsys.readouterr().out)


@EACH_VIEW
def test_a_table_fits_into_80_columns(view, capsys):
    assert run("inspect", *view) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "best_model.pt" in lines[0]
    assert len(lines) > 4
    assert max(cells(line) for line in lines[1:]) <= 80


@EACH_VIEW
def test_json_names_its_view_and_model(view, capsys):
    found = answer(capsys, *view, "--run", "pets")
    assert found["view"] == view[0]
    assert found["checkpoint"].endswith("best_model.pt")
    assert len(found) > 2


def test_the_lens_ends_in_what_predict_says(capsys):
    capsys.readouterr()
    assert run("predict", "the cat", "--top-k", "1", "--json") == 0
    (best,) = json.loads(capsys.readouterr().out)["next_tokens"]
    lens = answer(capsys, "lens", "the cat")["lens"]
    assert lens["top"][-1][-1] == best["id"]
    assert lens["probability"][-1][-1] == pytest.approx(best["prob"], abs=1e-4)


def test_attribution_sums_to_the_difference_of_two_logits(capsys):
    flags = ["--token", "a", "--minus", "e", "--position", "2"]
    found = answer(capsys, "attribution", "the cat", *flags)["attribution"]
    assert sum(found["logits"]) == pytest.approx(found["total"], abs=1e-4)
    assert found["position"] == 2


def test_surprisal_gives_every_token_of_the_prompt_its_bits(capsys):
    found = answer(capsys, "surprisal", "the cat")
    assert "".join(found["window"]["tokens"][1:]) == "the cat"
    assert len(found["surprisal"]["bits"]) == 7


def test_evidence_counts_what_follows_in_the_training_text(capsys, home):
    found = answer(capsys, "evidence", "the c", "--max-new-tokens", "0")
    seen = found["continuations"]
    training = TEXT[: len(TEXT) - len(TEXT) // 10]
    assert seen["matched"] == 5
    assert seen["counts"] == [training.count("the ca")]
    assert seen["searched"] == seen["tokens"] == 1 + len(training)
    assert "generated" not in found


def test_what_is_copied_is_compared_with_held_out_text(capsys):
    generated = answer(capsys, "evidence", "the cat", "--seed", "5")["generated"]
    assert 0 < generated["tokens"] == len(generated["text"]) <= 200
    # The text repeats itself: what was held out stands in it as a whole.
    assert max(generated["held_out_longest"]) == generated["tokens"]
    for span in generated["spans"]:
        copied = generated["text"][span["start"] : span["start"] + span["length"]]
        place = span["place"] - 1  # <EOT> opens the text
        assert TEXT[place : place + span["length"]] == copied


@pytest.mark.parametrize("view", ["lens", "attention", "attribution", "surprisal"])
def test_an_empty_prompt_is_the_opening_of_a_text(view, capsys):
    assert answer(capsys, view, "")["window"]["tokens"] == ["<EOT>"]


def test_a_long_prompt_says_what_is_left_out(capsys):
    assert run("inspect", "lens", "the cat sat on the mat") == 0
    assert "the first 6 tokens" in capsys.readouterr().out
    assert answer(capsys, "lens", "the cat sat on the mat")["window"]["left_out"] == 6


def test_unknown_characters_are_named_and_cannot_steer_the_terminal(capsys):
    assert run("inspect", "surprisal", "ß\x1b[31m") == 0
    out = capsys.readouterr().out
    assert "“ß”" in out
    assert "\x1b" not in out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["lens", "cat", "--position", "3"], "0 to 2"),
        (["attention", "cat", "--layer", "1"], "both --layer and --head"),
        (["attention", "cat", "--layer", "2", "--head", "0"], "There is no head L2H0"),
        (["attribution", "cat", "--token", "the"], "is 3 tokens, not one"),
        (["neighbours", "ß"], "not in the vocabulary"),
        (["neighbours", "e", "--top-k", "0"], "from 1 up"),
        (["ablate", ""], "no token to predict"),
        (["ablate", "cat", "--patch", "horse"], "equal length"),
        (["ablate", "cat", "--patch", "dog", "--validation"], "does not go with it"),
        (["calibration", "--bins", "0"], "from 1 up"),
        (["evidence", "cat", "--max-new-tokens", "-1"], "0 (nothing is generated) or more"),
        (["evidence", "cat", "--top-k", "0"], "from 1 up"),
        (["lens", "cat", "--run", "none-such"], "none-such"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_bad_questions_get_a_sentence(arguments, told, capsys):
    assert run("inspect", *arguments) == 2
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


@pytest.mark.parametrize(
    "arguments", [["calibration"], ["evidence", "cat"], ["surprisal", "cat", "--validation"]]
)
def test_views_that_need_the_text_say_so_when_it_is_gone(arguments, capsys, home):
    (home / "corpora" / "pets.txt").unlink()
    assert run("inspect", *arguments) == 2
    error = capsys.readouterr().err
    assert "This needs the text" in error
    assert "“pets”" in error


def test_columns_are_aligned_whatever_their_letters_are_wide():
    lines = table(["token", ">n"], [["ab", "7"], ["日本", "10"], ["é" + "\u0301", "1"]])
    assert {cells(line) for line in lines} == {2 + 5 + 2 + 2}
    assert token_cell("ab c\n", 4) == "ab·…"
    assert cells(token_cell("日本日本", 5)) <= 5
