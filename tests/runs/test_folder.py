"""Runs are made, listed and found by name."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder, check_name
from minigpt_tui.runs.folder import (
    automatic_name,
    create_run,
    find_run,
    list_runs,
    newest_run,
    read_config,
    read_info,
    write_info,
)
from minigpt_tui.runs.info import BaselineLosses, RunInfo
from minigpt_tui.settings import with_settings


def test_a_new_run_has_its_configuration_and_its_facts(data: DataFolder) -> None:
    config = with_settings(RunConfig(), {"epochs": 3, "level": "word"})
    run = create_run(data, "first", config)

    assert run.path == data.runs / "first"
    assert read_config(run) == config
    info = read_info(run)
    assert abs(info.created - time.time()) < 60
    assert (info.corpus_name, info.level) == ("sample_corpus", "word")
    assert os.listdir(data.runs) == ["first"]


def test_a_name_that_is_taken_is_refused(data: DataFolder) -> None:
    create_run(data, "one", RunConfig())
    (data.runs / "empty").mkdir()
    for name in ("one", "empty"):
        with pytest.raises(ValueError, match="already a run"):
            create_run(data, name, RunConfig())
    assert sorted(os.listdir(data.runs)) == ["empty", "one"]


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "-x", ".x", "con", "x" * 65, "a\n"])
def test_an_unsafe_name_is_refused(data: DataFolder, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name of a run"):
        create_run(data, name, RunConfig())
    assert os.listdir(data.runs) == []


def test_runs_are_numbered_by_their_corpus(data: DataFolder) -> None:
    names = [create_run(data, None, RunConfig()).name for _ in range(2)]
    assert names == ["sample_corpus-1", "sample_corpus-2"]
    # A number is not given twice while a later one is there.
    for file in (data.runs / "sample_corpus-1").iterdir():
        file.unlink()
    (data.runs / "sample_corpus-1").rmdir()
    assert create_run(data, None, RunConfig()).name == "sample_corpus-3"


@pytest.mark.parametrize(
    ("corpus", "name"),
    [
        ("/somewhere/My Tale.txt", "My-Tale-1"),
        ("Élégie.md", "Elegie-1"),
        ("пушкин.txt", "run-1"),
        ("con", "con-1"),
        ("wiki.v2", "wiki-v2-1"),
        ("\x1b[31m.txt", "31m-1"),
        ("..hidden", "hidden-1"),
        ("x" * 300, "x" * 54 + "-1"),
    ],
)
def test_any_corpus_makes_a_safe_name(data: DataFolder, corpus: str, name: str) -> None:
    config = with_settings(RunConfig(), {"corpus": (corpus,)})
    assert automatic_name(data, config) == name == check_name(name)


def test_a_folder_as_corpus_gives_its_own_name(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "poems").mkdir()
    monkeypatch.chdir(tmp_path / "poems")
    for corpus in (".", "../poems", "../poems/"):
        config = with_settings(RunConfig(), {"corpus": (corpus,)})
        assert automatic_name(data, config) == "poems-1"


def test_two_processes_get_two_numbers(data: DataFolder) -> None:
    program = (
        "from minigpt_tui.config import RunConfig; from minigpt_tui.paths import data_folder\n"
        "from minigpt_tui.runs.folder import create_run\n"
        "for _ in range(20): print(create_run(data_folder(), None, RunConfig()).name)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    names = [name for process in processes for name in process.communicate()[0].split()]
    assert sorted(names) == sorted(f"sample_corpus-{n}" for n in range(1, 41))


def _create_at(data: DataFolder, name: str, created: float) -> None:
    run = create_run(data, name, RunConfig())
    write_info(run, dataclasses.replace(read_info(run), created=created))


def test_runs_are_listed_newest_first(data: DataFolder) -> None:
    for name, created in (("b", 20.0), ("c", 10.0), ("a", 30.0)):
        _create_at(data, name, created)
    (data.runs / "no run").mkdir()
    (data.runs / "file").write_text("")
    (data.runs / ".hidden").mkdir()
    assert [run.name for run in list_runs(data)] == ["a", "b", "c"]


def test_a_run_with_broken_facts_is_listed_all_the_same(data: DataFolder) -> None:
    create_run(data, "broken", RunConfig()).info_file.write_text("{")
    assert [run.name for run in list_runs(data)] == ["broken"]


def test_without_a_data_folder_there_are_no_runs(tmp_path: Path) -> None:
    assert list_runs(DataFolder(tmp_path / "nowhere")) == []


def test_two_hundred_runs_are_listed_at_once_and_without_torch(data: DataFolder) -> None:
    for n in range(200):
        folder = data.runs / f"run-{n}"
        folder.mkdir()
        (folder / "config.yaml").write_text("{}")
        (folder / "best_model.pt").write_bytes(b"no checkpoint")
        (folder / "run.json").write_text(
            f'{{"created": {n}, "version": "1", "corpus_name": "x", "level": "char"}}'
        )
    program = (
        "import sys, time; from minigpt_tui.paths import data_folder\n"
        "from minigpt_tui.runs.folder import list_runs\n"
        "from minigpt_tui.runs.status import read_status\n"
        "start = time.perf_counter(); runs = list_runs(data_folder())\n"
        "[read_status(run) for run in runs]\n"
        "print(runs[0].name, len(runs), 'torch' in sys.modules, 'textual' in sys.modules)\n"
        "print(time.perf_counter() - start)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    summary, seconds = done.stdout.splitlines()
    assert summary == "run-199 200 False False"
    assert float(seconds) < 1.0


def test_a_run_is_found_by_its_name(data: DataFolder) -> None:
    run = create_run(data, "tales", RunConfig())
    assert find_run(data, "tales") == run


def test_a_wrong_name_is_answered_with_the_nearest(data: DataFolder) -> None:
    with pytest.raises(ValueError, match="no run “talse”, nor any other"):
        find_run(data, "talse")
    create_run(data, "tales", RunConfig())
    with pytest.raises(ValueError, match="Did you mean tales"):
        find_run(data, "talse")
    with pytest.raises(ValueError, match="no run") as caught:
        find_run(data, "../\x1b[31m" + "x" * 500)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_the_newest_run_is_one_with_a_model(data: DataFolder) -> None:
    with pytest.raises(ValueError, match="no run with a trained model"):
        newest_run(data)
    _create_at(data, "old", 1.0)
    _create_at(data, "new", 2.0)
    (data.runs / "old" / "best_model.pt").write_bytes(b"")
    assert newest_run(data).name == "old"
    assert newest_run(data, with_best=False).name == "new"


def test_checkpoints_are_those_that_exist(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    for n in (10, 9):
        run.epoch_checkpoint(n).write_bytes(b"")
    (run.path / "checkpoint_epoch_x.pt").write_bytes(b"")
    run.best.write_bytes(b"")
    assert list(run.epoch_checkpoints()) == [9, 10]
    assert [path.name for path in run.checkpoints()] == [
        "best_model.pt",
        "checkpoint_epoch_9.pt",
        "checkpoint_epoch_10.pt",
    ]


def test_facts_come_back_as_they_were_written(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    info = RunInfo(
        created=1.5,
        version="9",
        corpus_name="тест",
        level="bpe",
        vocab_size=7,
        baselines=BaselineLosses(uniform=4.0, unigram=3.0, five_gram=2.0),
        unknown_share=0.25,
    )
    write_info(run, info)
    assert read_info(run) == info


def test_facts_of_a_newer_version_are_read(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    run.info_file.write_text(
        '{"created": 1, "version": "9", "corpus_name": "c", "level": "char", "new": [1]}'
    )
    assert read_info(run) == RunInfo(created=1.0, version="9", corpus_name="c", level="char")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 100_000,
        '{"created": 1}',
        '{"created": "x", "version": "9", "corpus_name": "c", "level": "char"}',
        '{"created": 1e999, "version": "9", "corpus_name": "c", "level": "char"}',
        '{"created": 1, "version": "9", "corpus_name": "c", "level": "char", "vocab_size": true}',
        '{"created": 1, "version": "9", "corpus_name": "c", "level": "char", "baselines": {}}',
    ],
)
def test_broken_facts_are_an_error_that_names_the_file(data: DataFolder, text: str) -> None:
    run = create_run(data, "r", RunConfig())
    run.info_file.write_text(text)
    with pytest.raises(ValueError, match=r"run\.json"):
        read_info(run)


def test_missing_files_are_errors_that_name_them(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    run.info_file.unlink()
    run.config_file.unlink()
    with pytest.raises(ValueError, match=r"run\.json"):
        read_info(run)
    with pytest.raises(ValueError, match=r"config\.yaml"):
        read_config(run)
