"""The exit codes that scripts may rely on, of every command."""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys

import pytest

from minigpt_tui.cli import build_parser, main
from minigpt_tui.commands.exit_codes import FAILED, INTERRUPTED, OK, USAGE
from minigpt_tui.paths import DataFolder
from tests.tui.predict.asking import trained_run

COMMANDS = next(a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
GOOD = {
    "predict": ["I eat"],
    "generate": ["I eat", "--max-new-tokens", "3", "--seed", "1"],
    "inspect": ["lens", "I eat"],
    "runs": [],
    "config": [],
}
"""Commands that only read, with arguments that they can answer; some have tests of their own."""
NOT_FOR_PROGRAMS = {"completion", "serve", "web", "export", "import"}
"""Commands whose output is a script, a server, a screen or a file: nothing to print as JSON."""


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


@pytest.fixture
def damaged(data: DataFolder) -> DataFolder:
    """A data folder whose only run has a damaged checkpoint."""
    file = trained_run(data, "pets").best
    raw = bytearray(file.read_bytes())
    raw[len(raw) // 2] ^= 0xFF
    file.write_bytes(raw)
    return data


@pytest.mark.parametrize("command", GOOD)
def test_success_is_0_and_json_is_printed_alone(command, data, capsys):
    trained_run(data, "pets")
    assert run(command, *GOOD[command], "--json") == OK
    json.loads(capsys.readouterr().out)


def test_every_command_that_prints_figures_can_print_json():
    without = {
        name
        for name, parser in COMMANDS.choices.items()
        if "--json" not in parser._option_string_actions
        and not any(isinstance(a, argparse._SubParsersAction) for a in parser._actions)
    }
    assert without <= NOT_FOR_PROGRAMS


@pytest.mark.parametrize("command", [*COMMANDS.choices, None])
def test_wrong_usage_is_2_and_is_said(command, capsys):
    words = [] if command is None else [command]
    assert run(*words, "--no-such-flag") == USAGE
    assert "usage:" in capsys.readouterr().err
    assert run(*words, "--help") == OK


@pytest.mark.parametrize("command", ["predict", "generate", "eval", "inspect", "serve"])
def test_a_damaged_run_is_a_failure_and_a_bad_name_is_bad_input(command, damaged, capsys):
    question = {"eval": [], "serve": [], "inspect": ["lens", "I"]}.get(command, ["I"])
    assert run(command, *question) == FAILED
    assert "best_model.pt" in capsys.readouterr().err
    assert run(command, *question, "--run", "nowhere") == USAGE
    assert "nowhere" in capsys.readouterr().err
    assert run(command, *question, "--checkpoint", str(damaged.root / "none.pt")) == USAGE
    assert "none.pt" in capsys.readouterr().err


def test_a_run_whose_files_are_damaged_is_a_failure(damaged, capsys):
    run_folder = next(damaged.runs.glob("pets"))
    assert run("runs", "verify", "pets") == FAILED
    (run_folder / "config.yaml").write_text("d_model: [")
    assert run("train", "--resume", "pets") == FAILED
    assert "config.yaml" in capsys.readouterr().err
    assert run("runs", "--json") == OK, "a list shows damaged runs, too"


@pytest.mark.skipif(not hasattr(os, "setsid"), reason="needs signals")
def test_ctrl_c_is_130(data):
    trained_run(data, "pets")
    words = ["generate", "I eat", "--max-new-tokens", "100000000", "--temperature", "1"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "minigpt_tui", *words, "--seed", "3"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.read(60)
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert process.returncode == INTERRUPTED
    assert b"Traceback" not in error


def test_the_help_has_the_table():
    help = build_parser().format_help()
    for codes in ("0 ", "1 ", "2 ", "130, 143, 129"):
        assert f"\n  {codes}" in help
