"""`config` shows what holds and where it comes from, and explains every setting."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest

from minigpt_tui.cli import main
from minigpt_tui.settings import settings
from minigpt_tui.tui.remembered import Remembered


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(["config", *arguments])
    return int(left.value.code or 0)


def held(capsys, *arguments: str) -> dict[str, dict]:
    assert run(*arguments, "--json") == 0
    return {one["name"]: one for one in json.loads(capsys.readouterr().out)}


def test_every_setting_of_runs_and_workbench_is_shown(capsys, data):
    found = held(capsys)
    assert list(found)[: len(settings())] == list(settings())
    assert {fact.name for fact in fields(Remembered)} <= found.keys()
    assert {one["origin"] for one in found.values()} == {"default"}
    assert run() == 0
    out = capsys.readouterr().out
    assert str(data.root) in out
    assert "MINIGPT_TUI_HOME" in out
    assert "←" not in out


def test_what_is_not_the_default_says_where_it_comes_from(capsys, data, tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("lr: 0.5\nd_model: 64\n")
    data.settings.write_text("theme: nord\non_hangup: stop\nkeys: {train.start: ctrl+r}\n")
    found = held(capsys, "--preset", "tiny", "--config", str(file))
    assert (found["lr"]["value"], found["lr"]["origin"]) == (0.5, str(file))
    assert (found["epochs"]["value"], found["epochs"]["origin"]) == (5, "preset tiny")
    assert found["d_model"]["origin"] == "preset tiny", "the file says the same"
    assert found["beta2"]["origin"] == "default"
    assert (found["theme"]["value"], found["theme"]["origin"]) == ("nord", "settings.yaml")
    assert found["bell"]["origin"] == "default"
    assert found["keys"]["value"] == {"train.start": "ctrl+r"}
    assert run("show", "--preset", "tiny") == 0
    out = capsys.readouterr().out
    assert "← preset tiny" in out
    assert "← settings.yaml" in out


def test_every_setting_is_explained(capsys):
    for name in [*settings(), *(fact.name for fact in fields(Remembered)), "keys"]:
        assert run("explain", name) == 0
        opening = capsys.readouterr().out.split("\n")[0]
        assert opening.startswith(f"{name}: ")
        assert len(opening) > len(name) + 12


def test_an_explanation_has_unit_bounds_choices_default_and_presets(capsys):
    assert run("explain", "--max-seq-len", "--json") == 2, "that looks like a flag"
    capsys.readouterr()
    assert run("explain", "max-seq-len", "--json") == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["unit"] == "tokens"
    assert facts["bounds"] == "1 to 1,048,576"
    assert facts["default"] == 50
    assert facts["presets"] == {"tiny": 32, "modern-small": 64, "modern": 256}
    assert facts["flag"] == "--max-seq-len"
    assert run("explain", "optimizer") == 0
    assert "adam, adamw, muon" in capsys.readouterr().out


def test_the_path_of_the_settings(capsys, data):
    assert run("path") == 0
    assert capsys.readouterr().out == f"{data.settings}\n"
    assert run("path", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"settings": str(data.settings), "exists": False}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["explain"], "config explain lr"),
        (["explain", "leaning_rate"], "There is no setting"),
        (["explain", "n_head"], "Did you mean n_heads?"),
        (["explain", "\x1b[2J"], "␛"),
        (["show", "lr"], "config explain lr"),
        (["path", "--preset", "tiny"], "go with `show`"),
        (["--preset", "huge"], "There is no preset"),
        (["--config", "nowhere.yaml"], "Cannot read nowhere.yaml"),
    ],
)
def test_bad_questions_get_a_sentence(arguments, told, capsys):
    assert run(*arguments) == 2
    assert told in capsys.readouterr().err


def test_broken_settings_are_said(capsys, data):
    data.settings.write_text("theme: [\n")
    assert run() == 2
    assert "no YAML at line" in capsys.readouterr().err
