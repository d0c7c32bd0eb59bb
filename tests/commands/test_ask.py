"""`predict`, `generate`, `eval` and `runs` on a model trained by the command line."""

from __future__ import annotations

import json
import shutil

import pytest

from minigpt_tui.cli import main

TRAIN = ["train", "--preset", "tiny", "--epochs", "1", "--threads", "1", "--run", "first"]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory):
    """A data folder with one run; each test gets a copy."""
    root = tmp_path_factory.mktemp("trained")
    assert run(*TRAIN, "--data-dir", str(root)) == 0
    return root


@pytest.fixture(autouse=True)
def home(trained, tmp_path, monkeypatch):
    copy = tmp_path / "copy"
    shutil.copytree(trained, copy)
    monkeypatch.setenv("MINIGPT_TUI_HOME", str(copy))
    return copy


def test_predict_says_what_it_loaded(capsys):
    assert run("predict", "I eat") == 0
    out = capsys.readouterr().out
    assert "Loading trained model from: " in out
    assert "best_model.pt" in out
    assert "✓ Loaded checkpoint (epoch 1, loss: " in out
    assert "✓ Vocabulary size: 55" in out


def test_predict_json_is_complete_and_its_masses_add_up(capsys):
    assert run("predict", "I eat", "--json", "--top-k", "5") == 0
    answer = json.loads(capsys.readouterr().out)
    assert {
        "prompt",
        "checkpoint",
        "unknown",
        "next_tokens",
        "next_words",
        "word_continuation_mass",
        "unexplored_mass",
    } <= set(answer)
    assert answer["prompt"] == "I eat"
    assert len(answer["next_tokens"]) == len(answer["next_words"]) == 5
    probabilities = [token["prob"] for token in answer["next_tokens"]]
    assert probabilities == sorted(probabilities, reverse=True)
    listed = sum(word["prob"] for word in answer["next_words"])
    assert listed + answer["word_continuation_mass"] + answer["unexplored_mass"] <= 1 + 1e-6
    assert all(word["word"] for word in answer["next_words"])


def test_predict_names_unknown_characters(capsys):
    assert run("predict", "I eat ß and \x1b[31m") == 0
    out = capsys.readouterr().out
    assert "ß" in out
    assert "\x1b" not in out


def test_predict_needs_nothing_but_the_checkpoint(capsys, home, tmp_path, monkeypatch):
    alone = tmp_path / "alone.pt"
    shutil.copy(home / "runs" / "first" / "best_model.pt", alone)
    monkeypatch.setenv("MINIGPT_TUI_HOME", str(tmp_path / "nowhere"))
    assert run("predict", "I eat", "--checkpoint", str(alone), "--json") == 0
    assert json.loads(capsys.readouterr().out)["checkpoint"] == str(alone)


def test_generate_repeats_itself_with_a_seed(capsys):
    texts = []
    for _ in range(2):
        assert run("generate", "I eat", "--seed", "3", "--max-new-tokens", "30", "--json") == 0
        texts.append(json.loads(capsys.readouterr().out)["text"])
    assert texts[0] == texts[1]
    assert 0 < len(texts[0]) <= 30


@pytest.mark.parametrize("order", ["llama.cpp", "huggingface"])
def test_generate_takes_every_stage_of_the_sampler(order, capsys):
    stages = ["--typical-p", "0.9", "--repetition-penalty", "1.2", "--min-p", "0.01"]
    stages += ["--top-k", "20", "--top-p", "0.9", "--sampler-order", order]
    assert run("generate", "I eat", "--seed", "3", *stages, "--json") == 0
    assert json.loads(capsys.readouterr().out)["text"]


def test_generate_prints_the_prompt_and_its_continuation(capsys):
    assert run("generate", "I eat", "--max-new-tokens", "20") == 0
    assert "\n\nI eat" in capsys.readouterr().out


def test_eval_measures_the_whole_validation_split(capsys, home):
    assert run("eval", "--json") == 0
    answer = json.loads(capsys.readouterr().out)
    figures = {"val_loss", "perplexity", "bits_per_char", "bits_per_byte"}
    assert set(answer) == {*figures, "references"}
    status = json.loads((home / "runs" / "first" / "status.json").read_text())
    assert answer["val_loss"] == pytest.approx(status["best_val_loss"], abs=1e-4)


def test_eval_sets_the_model_beside_models_without_training(capsys, home):
    assert run("eval", "--json") == 0
    references = json.loads(capsys.readouterr().out)["references"]
    info = json.loads((home / "runs" / "first" / "run.json").read_text())
    for name, field in (("unigram", "unigram"), ("5-gram", "five_gram"), ("lzma", "lzma")):
        line = references[name]
        assert line["nats_per_token"] == info["baselines"][field]
        nats = line["bits_per_byte"] * 0.6931471805599453 * info["val_bytes"]
        assert nats == pytest.approx(line["nats_per_token"] * (info["val_tokens"] - 1))
        assert line["part"] == ""
    assert run("eval") == 0
    table = capsys.readouterr().out.partition("For comparison")[2].splitlines()[1:]
    names = [line[2:].split("  ")[0] for line in table]
    assert {"guessing by frequency", "5-gram", "zlib", "lzma", "this model"} <= set(names)
    assert names[0] == "guessing blindly"
    bits = [float(line.split()[-1]) for line in table]
    assert bits == sorted(bits, reverse=True)


def test_runs_list_as_json(capsys):
    assert run("runs", "list", "--json") == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["name"], row["state"]) == ("first", "completed")


def test_runs_list_for_people(capsys):
    assert run("runs") == 0
    assert "first" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ["predict", "I eat", "--run", "none-such"],
        ["predict", "I eat", "--checkpoint", "/no/such.pt"],
        ["predict", "I eat", "--top-k", "0"],
        ["generate", "I eat", "--temperature", "-1"],
        ["generate", "I eat", "--top-p", "2"],
        ["generate", "I eat", "--typical-p", "0"],
        ["generate", "I eat", "--repetition-penalty", "0"],
        ["generate", "I eat", "--sampler-order", "alphabetical"],
        ["generate", "I eat", "--max-new-tokens", "0"],
        ["predict"],
        ["frobnicate"],
    ],
)
def test_bad_questions_get_a_sentence(arguments, capsys):
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert "error: " in error
    assert "Traceback" not in error


def test_without_a_model_the_way_to_one_is_shown(capsys, tmp_path):
    assert run("predict", "I eat", "--data-dir", str(tmp_path / "empty")) == 2
    assert "Train one first" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"not a checkpoint at all", b"PK\x03\x04" + b"\0" * 99])
def test_a_foreign_file_is_refused(content, capsys, tmp_path):
    foreign = tmp_path / "foreign.pt"
    foreign.write_bytes(content)
    assert run("predict", "I eat", "--checkpoint", str(foreign)) == 2
    assert "foreign.pt" in capsys.readouterr().err


def test_verify_says_that_a_run_is_whole(capsys):
    assert run("runs", "verify", "first") == 0
    assert "✓ best_model.pt" in capsys.readouterr().out


def test_verify_fails_on_a_flipped_byte(capsys, home):
    path = home / "runs" / "first" / "best_model.pt"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    assert run("runs", "verify", "first", "--json") == 1
    failed = [c["what"] for c in json.loads(capsys.readouterr().out) if not c["passed"]]
    assert failed == ["best_model.pt"]
