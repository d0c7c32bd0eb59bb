"""`train --seeds` and `sweep`: tables that compare runs, and errors before the first one."""

from __future__ import annotations

import json
import re
import shlex
import signal
import statistics
import subprocess
import sys
import time

import pytest

from minigpt_tui.cli import build_parser, main
from minigpt_tui.commands.train import config_from
from minigpt_tui.runs.folder import find_run, list_runs, read_config
from minigpt_tui.runs.status import read_status

SHAPE = ["--preset", "tiny", "--d-model", "8", "--d-ff", "16", "--n-layers", "1", "--n-heads", "1"]
MACHINE = ["--batch-size", "8", "--threads", "1", "--device", "cpu"]
QUICK = [*SHAPE, "--max-seq-len", "8", "--steps", "4", *MACHINE]
WITHOUT_WIDTH = [*QUICK[:2], *QUICK[4:]]


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as left:
        main(arguments)
    return int(left.value.code or 0)


def program(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "minigpt_tui", *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
    )


def test_seeds_show_what_chance_does(data):
    done = program("train", *QUICK, "--seeds", "3", "--run", "mine", "--seed", "5")
    assert done.returncode == 0, done.stderr
    names = ["mine-seed-5", "mine-seed-6", "mine-seed-7"]
    losses = [read_status(find_run(data, name)).best_val_loss for name in names]
    for name, loss in zip(names, losses, strict=True):
        row = next(line for line in done.stdout.splitlines() if line.endswith(name))
        assert f"{loss:.4f}" in row
    deviation = statistics.stdev(losses)
    assert f"mean {statistics.mean(losses):.4f}" in done.stdout
    assert f"standard deviation {deviation:.4f}" in done.stdout
    assert f"less than about {2 * deviation:.4f}" in done.stdout


def test_seeds_as_json(data, capsys):
    assert run("train", *QUICK, "--seeds", "2", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    losses = [one["best_val_loss"] for one in printed["runs"]]
    assert printed["mean"] == pytest.approx(statistics.mean(losses))
    assert printed["range"] == [min(losses), max(losses)]
    assert {one["run"] for one in printed["runs"]} == {one.name for one in list_runs(data)}


def test_a_sweep_ranks_its_cells_and_names_the_best(data):
    grid = ["--grid", "lr=1e-9,3e-3", "d-model=8,12"]
    done = program("sweep", *grid, *WITHOUT_WIDTH, "--run", "mine")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert sum(line.startswith("[") for line in lines) == 4, "a line as each ends"
    header = next(at for at, line in enumerate(lines) if "best loss" in line and "state" in line)
    table = [line.split() for line in lines[header + 1 : header + 5]]
    losses = [float(row[2]) for row in table]
    assert losses == sorted(losses)
    assert table[0][0] == "0.003"
    pasted = build_parser().parse_args(shlex.split(lines[-1])[1:])
    assert config_from(pasted) == read_config(find_run(data, table[0][-1]))


def test_a_sweep_over_tokens_ranks_by_bits_a_byte(capsys):
    code = run("sweep", "--grid", "level=char,bpe", "vocab_size=,300", *QUICK, "--json")
    assert code == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["ranked_by"] == "bits_per_byte"
    bits = [one["bits_per_byte"] for one in printed["runs"]]
    assert bits == sorted(bits)
    assert {one["settings"]["vocab_size"] for one in printed["runs"]} == {None, 300}
    assert printed["best_command"].startswith("minigpt-tui train ")


def test_a_cell_that_cannot_begin_is_shown_and_the_rest_go_on(capsys):
    code = run("sweep", "--grid", "max_seq_len=900000,8", *SHAPE, "--steps", "4", *MACHINE)
    assert code == 0
    out = capsys.readouterr().out
    assert "max_seq_len=900000  failed: " in out
    assert "max_seq_len=8  completed: " in out


def test_flags_need_be_legal_with_the_values_of_the_grid_only(data):
    shape = ["--preset", "tiny", "--d-model", "9", "--steps", "1", *MACHINE]
    assert run("sweep", "--grid", "n_heads=3,9", *shape) == 0
    assert len(list_runs(data)) == 2


def test_when_nothing_could_be_trained_the_sweep_has_failed(capsys):
    assert run("sweep", "--grid", "max_seq_len=900000", *SHAPE) == 1
    assert "The best again" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--grid", "lrr=1"], "Did you mean lr?"),
        (["--grid", "lr"], "NAME=V1,V2"),
        (["--grid", "lr=a"], "lr must be a number"),
        (["--grid", "lr=1,1.0"], "twice"),
        (["--grid", "lr=1", "lr=2"], "twice"),
        (["--grid", "lr=1", "--lr", "2"], "leave out --lr"),
        (["--grid", "steps=1,2", "--minutes", "1"], "leave out steps"),
        (["--grid", "n_heads=2,3"], "cell n_heads=3 .* multiple"),
        (["--grid", "seed=" + ",".join(map(str, range(65)))], "65 cells"),
        (["--grid", "lr=1", "--run", "../x"], "run name"),
        ([*SHAPE, "--grid", "lr=1,2", "--minutes", "0.001"], "too few"),
    ],
)
def test_a_bad_sweep_is_explained_and_trains_nothing(arguments, sentence, data, capsys):
    assert run("sweep", *arguments) == 2
    assert re.search(sentence, capsys.readouterr().err)
    assert list_runs(data) == []


@pytest.mark.parametrize("count", ["1", "1000", "x"])
def test_a_bad_number_of_seeds_is_refused(count, data):
    assert run("train", *QUICK, "--seeds", count) == 2
    assert list_runs(data) == []


def test_json_without_anything_to_compare_is_refused(capsys):
    assert run("train", *QUICK, "--json") == 2
    assert "--seeds" in capsys.readouterr().err


def test_ctrl_c_ends_the_run_in_hand_and_prints_what_there_is(data):
    endless = [*QUICK, "--steps", "1000000", "--compile", "off"]
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "minigpt_tui", "sweep", "--grid", "seed=1,2,3", *endless],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not any(one.metrics_file.exists() for one in list_runs(data)):
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGINT
    assert "Traceback" not in error
    assert "[1/3] seed=1  stopped" in out
    assert [read_status(one).state for one in list_runs(data)] == ["stopped"]
