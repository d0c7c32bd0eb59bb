"""torchrun with the same command: two processes train the run that one would have trained."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.train import train_new, train_resumed
from minigpt_tui.runs.folder import find_run, list_runs
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.metrics import METRIC, read_records
from minigpt_tui.runs.status import read_status
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control

TORCHRUN = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]


@pytest.fixture
def config(config):
    """Without dropout: only then does the run not depend on how a batch is dealt out."""
    return with_settings(config, {"dropout": 0.0, "precision": "fp32", "batch_size": 5})


@pytest.fixture
def start(tmp_path):
    """Starts torchrun with two processes; whatever still runs at the end is killed."""
    started = []

    def start(config, *arguments: str, of_torchrun: tuple[str, ...] = ()) -> subprocess.Popen[str]:
        (tmp_path / "run.yaml").write_text(dump_yaml(config))
        command = [*TORCHRUN, *of_torchrun, "-m", "minigpt_tui", "train"]
        process = subprocess.Popen(
            [*command, *(arguments or ("--config", str(tmp_path / "run.yaml"), "--name", "two"))],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            workers = children_of(process.pid)  # each leads a session of its own
            for pid in (process.pid, *workers):
                os.kill(pid, signal.SIGKILL)
            process.communicate()


def finish(process: subprocess.Popen[str]) -> None:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0, output


def losses(run) -> np.ndarray:
    return np.array(read_records(run.metrics_file, METRIC)["loss"])


@pytest.mark.parametrize(
    ("changes", "tolerance"),
    [
        ({}, 1e-5),
        ({"shard": "on", "layout": "qwen3", "optimizer": "adamw", "micro_batch": 2}, 1e-5),
        ({"shard": "on", "layout": "qwen3", "optimizer": "muon"}, 2e-2),
    ],
    ids=["added gradients", "dealt-out weights", "dealt-out weights with Muon"],
)
def test_two_processes_learn_what_one_learns(config, data, start, changes, tolerance):
    config = with_settings(config, changes)
    one = train_new(config, data, Control(), name="one").run
    finish(start(config))
    two = find_run(data, "two")
    assert np.abs(losses(one) - losses(two)).max() < tolerance
    assert read_status(two).state == "completed"
    assert len([line for line in read_lines(two.events_file) if line["event"] == "started"]) == 1
    # One process reads what two have written.
    predictions = [GPTService(run.final).predict_next("the c", top_k=3) for run in (one, two)]
    assert [p.prob for p in predictions[0]] == pytest.approx(
        [p.prob for p in predictions[1]], abs=tolerance
    )


@pytest.mark.parametrize("shard", ["off", "on"])
def test_a_stop_saves_and_one_process_goes_on(config, data, start, shard):
    config = with_settings(config, {"epochs": 300, "shard": shard})
    process = start(config)
    wait_for(lambda: list_runs(data) and len(losses(find_run(data, "two"))) > 20, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    run = find_run(data, "two")
    status = read_status(run)
    assert status.state == "stopped"
    assert run.last.exists()
    control = Control()
    control.extend(total_steps=status.step + 3)
    train_resumed(run, data, control)
    assert len(losses(run)) == status.step + 3
    assert losses(run)[-1] < losses(run)[0]


def test_after_a_death_torchrun_goes_on_from_the_last_checkpoint(config, data, start):
    config = with_settings(config, {"epochs": 40, "checkpoint_every": 1})
    process = start(config, of_torchrun=("--max-restarts", "1"))
    wait_for(lambda: list_runs(data) and find_run(data, "two").epoch_checkpoints(), process)
    worker = children_of(process.pid)[-1]
    os.kill(worker, signal.SIGKILL)
    finish(process)
    run = find_run(data, "two")
    assert len(list_runs(data)) == 1
    started = [line["step"] for line in read_lines(run.events_file) if line["event"] == "started"]
    assert started[0] == 0 < started[1]
    one = train_new(config, data, Control(), name="one").run
    assert np.abs(losses(one) - losses(run)).max() < 1e-3


def wait_for(condition, process) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def children_of(pid: int) -> list[int]:
    """The processes that this one has started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True)
    return [int(line) for line in found.stdout.split()]
