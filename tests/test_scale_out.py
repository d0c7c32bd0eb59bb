"""The examples of docs/scale-out: their form, and the one for one machine in earnest."""

from __future__ import annotations

import os
import socket
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml

from minigpt_tui.cli import build_parser
from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import find_run
from minigpt_tui.runs.status import read_status

FOLDER = Path(__file__).parent.parent / "docs" / "scale-out"
SCRIPTS = sorted([*FOLDER.glob("*.sh"), *FOLDER.glob("*.sbatch")])


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_a_script_is_good_bash(script):
    done = subprocess.run(["bash", "-n", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert script.read_text().startswith("#!/usr/bin/env bash\n")


def test_the_skypilot_file_is_a_task_whose_scripts_are_good_bash():
    task = yaml.safe_load((FOLDER / "skypilot.yaml").read_text())
    assert set(task) <= {"name", "resources", "envs", "workdir", "file_mounts", "setup", "run"}
    for part in ("setup", "run"):
        done = subprocess.run(["bash", "-n"], input=task[part], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("example", [*SCRIPTS, FOLDER / "skypilot.yaml"], ids=lambda p: p.name)
def test_the_commands_in_it_are_ours(example):
    """Each line of an example that names flags of `train` is read by the parser of `train`."""
    parser = build_parser()
    found = 0
    for line in example.read_text().splitlines():
        if "--preset " in line:
            words = line[line.index("--preset") :].split()
            arguments = parser.parse_args(["train", *(word.strip('"') for word in words)])
            load_preset(arguments.preset)
            found += 1
    assert found >= 1


def test_every_example_is_on_the_page():
    page = (FOLDER / "README.md").read_text()
    for path in FOLDER.iterdir():
        assert path.name == "README.md" or f"({path.name})" in page


def test_several_machines_says_what_it_needs(tmp_path):
    environment = {"PATH": os.environ["PATH"], "FIRST": "here"}
    done = subprocess.run(
        ["bash", FOLDER / "several-machines.sh"], capture_output=True, text=True, env=environment
    )
    assert done.returncode != 0
    assert "how many machines" in done.stderr


@pytest.mark.long
def test_the_script_for_one_machine_trains_with_two_processes(data: DataFolder):
    training = started("one-machine.sh", PROCESSES="2")
    said, _ = training.communicate(timeout=300)
    assert training.returncode == 0, said
    run = find_run(data, "two")
    assert read_status(run).state == "completed"
    assert run.final.exists()


@pytest.mark.long
def test_the_script_for_several_machines_trains_on_two(data: DataFolder):
    """Both of them this one, which they need not know."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    where = {"FIRST": "127.0.0.1", "PORT": port, "MACHINES": "2", "PROCESSES": "1"}
    machines = [started("several-machines.sh", **where) for _ in range(2)]
    for machine in machines:
        said, _ = machine.communicate(timeout=300)
        assert machine.returncode == 0, said
    run = find_run(data, "two")
    assert read_status(run).state == "completed"
    assert run.final.exists()


def started(script: str, **variables: str) -> subprocess.Popen[str]:
    """An example with a small training as its arguments."""
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    words = ["--preset", "tiny", "--steps", "6", "--name", "two", "--precision", "fp32"]
    return subprocess.Popen(
        [FOLDER / script, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PATH": path, **variables},
    )
