"""`minigpt-tui train --find-lr`: a plot that fits, and a command to paste."""

from __future__ import annotations

import json
import math
import os
import shlex
import subprocess
import sys

import pytest

from minigpt_tui.cli import build_parser, main
from minigpt_tui.commands.find_lr import plot_lines
from minigpt_tui.jobs.lr_range import LrRange
from minigpt_tui.runs.folder import list_runs

SMALL = ["--preset", "tiny", "--d-model", "8", "--d-ff", "16", "--n-layers", "1"]
QUICK = [*SMALL, "--max-seq-len", "8", "--batch-size", "8", "--threads", "1", "--device", "cpu"]


@pytest.fixture
def found():
    lrs = tuple(1e-5 * 10 ** (step / 20) for step in range(100))
    losses = tuple(4 - 2 / (1 + (1e-3 / lr) ** 2) + (lr / 0.1) ** 4 for lr in lrs)
    return LrRange(lrs, losses, losses, suggestion=3e-3, diverged_at=lrs[-1])


def find_lr(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "minigpt_tui", "train", "--find-lr", *QUICK, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        env={**os.environ, **environment},
    )


def test_the_command_line_plots_and_ends_with_a_command_to_paste(data):
    done = find_lr(COLUMNS="60", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert done.stdout.isascii()
    assert all(len(line) <= 60 for line in lines[:15])
    assert any("*" in line for line in lines)
    words = shlex.split(lines[-1])
    assert words[:2] == ["minigpt-tui", "train"]
    pasted = build_parser().parse_args(words[1:])
    suggestion = float(pasted.setting_lr)
    assert f"Suggested peak learning rate: {suggestion:g}" in lines
    assert pasted.setting_d_model == "8"
    assert not pasted.find_lr
    assert list_runs(data) == []


def test_json_has_what_was_measured(capsys):
    with pytest.raises(SystemExit) as left:
        main(["train", "--find-lr", "--json", *QUICK])
    assert left.value.code == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found["lrs"]) == len(found["losses"]) == len(found["smoothed"])
    assert found["suggestion"] == float(found["command"].split("--lr ")[1].split()[0])


@pytest.mark.parametrize("width", [60, 80, 100])
def test_the_plot_has_the_width_and_marks_the_suggestion(found, width):
    lines = plot_lines(found, width, ascii_only=False)
    assert max(map(len, lines)) == width
    floor = next(line for line in lines if "└" in line)
    axis = floor.index("└") + 1
    share = math.log(found.suggestion / found.lrs[0]) / math.log(found.lrs[-1] / found.lrs[0])
    assert floor.index("▲") == pytest.approx(axis + share * (width - axis - 1), abs=1)
    for label in ("1e-5", "0.001", "0.1"):
        assert label in lines[-1]


def test_the_curve_stands_at_its_values(found):
    lines = plot_lines(found, 80, ascii_only=True)
    curve = [line[line.index("|" if "|" in line else "+") + 1 :] for line in lines[1:13]]
    first = next(row for row, line in enumerate(curve) if line[0] == "*")
    bottom = max(row for row, line in enumerate(curve) if "*" in line)
    assert first <= 1, "the loss begins at the top"
    assert bottom >= 10, "and falls to the bottom"
    assert "".join(lines).isascii()


def test_without_a_suggestion_nothing_is_marked(found):
    flat = LrRange(found.lrs, (4.0,) * 100, (4.0,) * 100, None, None)
    lines = plot_lines(flat, 60, ascii_only=True)
    assert not any("^" in line or ":" in line for line in lines)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--seeds", "2"], "not allowed with"),
        (["--resume", "x"], "not allowed with"),
        (["--save-config", "x.yaml"], "single run"),
        (["--d-model", "9"], "multiple of n_heads"),
    ],
)
def test_what_does_not_go_together_is_said(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as left:
        main(["train", "--find-lr", *arguments])
    assert left.value.code == 2
    assert sentence in capsys.readouterr().err
