"""`corpus`: the library from the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from minigpt_tui.cli import main
from minigpt_tui.config import DataConfig
from minigpt_tui.jobs.texts import deleted_texts
from minigpt_tui.text.corpus import read_corpus, split
from minigpt_tui.text.token_file import token_file
from minigpt_tui.text.tokenizers import build_tokenizer
from minigpt_tui.tui.remembered import load_remembered

STORIES = [f"Once upon a time there were {n} cats.\nThey slept." for n in range(40)]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["corpus", *arguments])
    return int(left.value.code or 0)


@pytest.fixture
def stories(tmp_path: Path) -> Path:
    path = tmp_path / "stories.jsonl"
    path.write_text("".join(json.dumps({"text": story}) + "\n" for story in STORIES))
    return path


def listed(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    capsys.readouterr()
    assert run("list", "--json") == 0
    rows: list[dict[str, object]] = json.loads(capsys.readouterr().out)
    return rows


def test_a_text_is_added_listed_and_deleted(stories, data, capsys):
    assert run("add", str(stories)) == 0
    assert "Added: stories.jsonl" in capsys.readouterr().out
    assert (data.corpora / "stories.jsonl").read_bytes() == stories.read_bytes()
    [row] = [row for row in listed(capsys) if row["shelf"] == "Your texts"]
    assert (row["name"], row["bytes"]) == ("stories.jsonl", stories.stat().st_size)
    assert run("list") == 0
    assert "stories.jsonl" in capsys.readouterr().out
    assert run("rm", "stories.jsonl") == 0
    assert [deleted.original.name for deleted in deleted_texts(data)] == ["stories.jsonl"]
    assert all(row["shelf"] != "Your texts" for row in listed(capsys))


def test_a_folder_and_a_pattern_become_one_text(stories, tmp_path, data, capsys):
    folder = tmp_path / "books"
    folder.mkdir()
    for name in ("a.txt", "b.md", "c.png", "d.md"):
        (folder / name).write_text(f"words of {name}")
    assert run("add", str(folder)) == 0
    assert sorted(p.name for p in (data.corpora / "books").iterdir()) == ["a.txt", "b.md", "d.md"]
    assert run("add", f"{folder}/*.md") == 0
    assert read_corpus([str(data.corpora / "books-2")], data).texts == [
        "words of b.md",
        "words of d.md",
    ]
    assert run("rm", "books") == 0
    assert not (data.corpora / "books").exists()


def test_a_reference_is_listed_where_it_lies(stories, data, capsys):
    assert run("add", "--reference", str(stories)) == 0
    assert load_remembered(data).recent_texts == [str(stories)]
    [row] = [row for row in listed(capsys) if row["shelf"] == "From the disk"]
    assert row["corpus"] == [str(stories)]
    assert run("rm", str(stories)) == 0
    assert stories.exists()
    assert load_remembered(data).recent_texts == []


def test_stats_are_those_of_the_text_that_is_learned(stories, data, capsys):
    assert run("stats", str(stories), "--json", "--level", "word") == 0
    found = json.loads(capsys.readouterr().out)
    corpus = read_corpus([str(stories)], data)
    training, validation = split(corpus, DataConfig().val_fraction)
    tokenizer = build_tokenizer(training, DataConfig(level="word"))
    assert found["documents"] == len(STORIES)
    assert found["characters"] == sum(map(len, STORIES))
    assert found["vocab_size"] == tokenizer.vocab_size
    assert found["train_tokens"] == token_file(training, tokenizer, data.tokens).tokens
    assert found["val_tokens"] == token_file(validation, tokenizer, data.tokens).tokens
    assert "Too small" in found["verdict"] or "Small" in found["verdict"]
    assert run("stats", str(stories)) == 0
    assert "documents" in capsys.readouterr().out


def test_build_makes_the_token_files_that_training_takes(stories, data, capsys):
    assert run("build", str(stories)) == 0
    assert "held out" in capsys.readouterr().out
    built = {path.name for path in data.tokens.glob("*.tokens")}
    assert len(built) == 2
    with pytest.raises(SystemExit):
        main(["train", "--preset", "tiny", "--corpus", str(stories), "--steps", "1"])
    assert {path.name for path in data.tokens.glob("*.tokens")} == built


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["rm", "sample_corpus"], "comes with the program and stays"),
        (["rm", "nothing"], "There is no text “nothing”"),
        (["add", "nothing"], "There is no file or folder “nothing”"),
        (["add", "--reference", "stories"], "is in the library already"),
        (["stats", "nothing"], "There is no file or folder “nothing”"),
        (["stats", "sample_corpus", "--level", "syllable"], "level must be one of"),
    ],
)
def test_mistakes_are_named(arguments, sentence, capsys):
    assert run(*arguments) == 2
    assert sentence in capsys.readouterr().err
