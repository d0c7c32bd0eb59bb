"""Promise 6: a signal ends a training in order, with the shell's exit code; a second one at once.

Headless trainings here, by every signal; the workbench on a pseudo-terminal by the ordinary tests.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.status import read_status
from tests.reliability.by_pytest import by_pytest
from tests.reliability.frame import Cases, Trial, expect, tried
from tests.reliability.small import config_for, corpus_in, leftovers

PATIENCE_SECONDS = 60.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def cases(trial: Trial) -> Cases:
    for repeat in range(trial.some(1, 8)):
        for number in SIGNALS:
            for second in (False, True):
                if second and number == signal.SIGHUP:
                    continue
                twice = " twice" if second else ""
                what = f"{number.name}{twice}, {repeat}"
                if trial.wants(what):
                    home = trial.folder / what.replace(" ", "-")
                    yield tried(what, lambda h=home, n=number, s=second: _stop(h, n, s))
        if trial.wants("SIGTSTP"):
            yield tried(f"SIGTSTP and SIGCONT, {repeat}", lambda r=repeat: _suspend(trial, r))
    yield from by_pytest(trial, "tests/commands/test_train.py", "-k", "signal or stop")
    if trial.long:
        yield from by_pytest(trial, "tests/e2e/test_leaving.py")


def _begun(home: Path) -> tuple[subprocess.Popen[str], RunFolder]:
    config = home.with_suffix(".yaml")
    endless = config_for(corpus_in(home.parent), epochs=100_000)
    config.write_text(dump_yaml(endless), encoding="utf-8")
    command = [sys.executable, "-m", "minigpt_tui", "train", "--config", str(config)]
    process = subprocess.Popen(
        [*command, "--run", "r", "--data-dir", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=os.setpgrp,  # SIGTSTP stops no group that has nobody to wake it
    )
    run = RunFolder(home / "runs" / "r")
    _until(lambda: read_status(run).step > 3, process)
    return process, run


def _until(holds: object, process: subprocess.Popen[str]) -> None:
    assert callable(holds)
    limit = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        expect(process.poll() is None, f"it ended: {process.returncode}")
        expect(time.monotonic() < limit, "it does not come about")
        time.sleep(0.01)


def _stop(home: Path, number: signal.Signals, twice: bool) -> None:
    process, run = _begun(home)
    try:
        process.send_signal(number)
        if twice:
            time.sleep(0.002)
            process.send_signal(number)
        errors = process.communicate(timeout=PATIENCE_SECONDS)[1]
    finally:
        process.kill()
    expect(process.returncode == 128 + number, f"exit code {process.returncode}")
    expect("Traceback" not in errors, errors)
    state = read_status(run).state
    if not twice:
        expect(state == "stopped", f"state {state}")
        saved = load_checkpoint(run.last).metrics["step"]
        expect(saved == read_status(run).step, "the checkpoint is not of the last step")
    else:
        expect(state in ("stopped", "interrupted"), f"state {state}")
    left = leftovers(DataFolder(home))
    expect(twice or not left, f"unfinished files: {left}")


def _suspend(trial: Trial, repeat: int) -> None:
    process, run = _begun(trial.folder / f"suspended-{repeat}")
    try:
        process.send_signal(signal.SIGSTOP if repeat % 2 else signal.SIGTSTP)
        time.sleep(0.3)
        step = read_status(run).step
        time.sleep(0.3)
        expect(read_status(run).step == step, "it trains on while suspended")
        process.send_signal(signal.SIGCONT)
        _until(lambda: read_status(run).step > step, process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE_SECONDS)
        expect(process.returncode == 128 + signal.SIGTERM, f"exit code {process.returncode}")
    finally:
        process.kill()
