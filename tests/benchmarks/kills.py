"""A run killed at random moments and resumed each time, against one left alone."""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time

import torch

from minigpt_tui.jobs.train import train_resumed
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import RunFolder, find_run
from minigpt_tui.training.control import Control


def kills(data: DataFolder, count: int) -> None:
    """Item 5: a run killed at random moments and resumed each time equals one left alone."""
    arguments = [
        "--preset",
        "tiny",
        "--epochs",
        "120",
        "--checkpoint-every",
        "1",
        "--dropout",
        "0.1",
        "--threads",
        "1",
        "--precision",
        "fp32",
        "--data-dir",
        str(data.root),
    ]
    command = [sys.executable, "-m", "minigpt_tui", "train"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([*command, *arguments, "--run", "whole"], check=True, **quiet)
    dice = random.Random(0)
    process = subprocess.Popen([*command, *arguments, "--run", "killed"], **quiet)
    done = 0
    resume = [*command, "--resume", "killed", "--data-dir", str(data.root)]
    while done < count:
        time.sleep(2.0 + dice.random() * 2)
        if process.poll() is not None:
            break
        process.send_signal(signal.SIGKILL)
        process.wait()
        done += 1
        has_run = (data.runs / "killed").is_dir()
        again = (
            resume if has_run and _resumable(data) else [*command, *arguments, "--run", "killed"]
        )
        if has_run and not _resumable(data):
            shutil.rmtree(data.runs / "killed")
        process = subprocess.Popen(again, **quiet)
    process.wait()
    if not find_run(data, "killed").final.exists():
        train_resumed(find_run(data, "killed"), data, Control())
    whole, killed = (load_checkpoint(find_run(data, n).final) for n in ("whole", "killed"))
    equal = all(torch.equal(w, killed.model_state[n]) for n, w in whole.model_state.items())
    print(
        f"\n5. killed {done} times and resumed: weights "
        f"{'equal bit for bit' if equal else 'DIFFER'}"
    )


def _resumable(data: DataFolder) -> bool:
    run = RunFolder(data.runs / "killed")
    return run.last.exists() or bool(run.epoch_checkpoints())
