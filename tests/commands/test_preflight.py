"""`train --dry-run` says what a run would be and writes none."""

from __future__ import annotations

import json

import pytest

from minigpt_tui.cli import main
from minigpt_tui.config import ModelConfig
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.runs.folder import list_runs


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["train", "--dry-run", *arguments])
    return int(left.value.code or 0)


def test_weights_steps_and_a_verdict_are_printed(capsys, data):
    assert run() == 0
    out = capsys.readouterr().out
    for words in ("Parameters", "attention", "Memory", "Steps in all", "Tokens a parameter"):
        assert words in out
    assert "Small for this model" in out
    assert list_runs(data) == []


def test_as_json_it_adds_up(capsys):
    assert run("--json", "--epochs", "3") == 0
    facts = json.loads(capsys.readouterr().out)
    assert sum(facts["parameters_by_part"].values()) == facts["parameters"]
    assert facts["parameters"] == parameter_count(ModelConfig(), facts["vocab_size"])
    assert facts["total_steps"] == 3 * facts["steps_per_epoch"]
    assert facts["seconds"] is None, "nothing has been trained here yet"


def test_what_cannot_begin_is_said(capsys):
    assert run("--d-model", "65536", "--n-layers", "100") == 1
    assert "memory" in capsys.readouterr().out


def test_after_a_run_the_time_is_judged_by_it(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--preset", "tiny", "--epochs", "1", "--threads", "1", "--device", "cpu"])
    capsys.readouterr()
    assert run("--json", "--preset", "tiny", "--epochs", "100") == 0
    assert 0 < json.loads(capsys.readouterr().out)["seconds"] < 3600


def test_a_run_of_another_size_is_a_guess_and_no_absurd_one(capsys):
    with pytest.raises(SystemExit):
        main(["train", "--preset", "tiny", "--epochs", "2", "--threads", "1", "--device", "cpu"])
    capsys.readouterr()
    small, large = ["--preset", "tiny"], ["--preset", "scale-up"]
    assert run(*small) == 0
    assert "a guess" not in capsys.readouterr().out
    assert run(*large) == 0
    assert "a guess" in capsys.readouterr().out
    seconds = []
    for preset in (small, large):
        run("--json", "--steps", "1000", *preset)
        facts = json.loads(capsys.readouterr().out)
        epochs = facts["total_steps"] / facts["steps_per_epoch"]
        seconds.append(facts["seconds"] / facts["parameters"] / facts["tokens_per_epoch"] / epochs)
    assert seconds[1] < seconds[0], "a large step makes more of the processor"
