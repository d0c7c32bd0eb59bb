"""Promise 5: trainings, commands and a server on one data folder neither corrupt nor hold up."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

from minigpt_tui.config import dump_yaml
from minigpt_tui.jobs.verify import verify_files
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.runs.status import read_status
from tests.reliability.by_pytest import by_pytest
from tests.reliability.frame import Cases, Trial, expect, tried
from tests.reliability.small import config_for, corpus_in, leftovers, same_weights, weights

TRAININGS = 4


def cases(trial: Trial) -> Cases:
    for repeat in range(trial.some(1, 10)):
        home = trial.folder / f"home-{repeat}"
        yield tried(f"{TRAININGS} trainings begin at once, {repeat}", lambda h=home: _at_once(h))
    yield from by_pytest(
        trial,
        "tests/runs/test_lock.py",
        "tests/runs/test_requests.py",
        *(["tests/jobs/test_detached.py"] if trial.long else []),
        *(
            ["tests/e2e/test_leaving.py", "-k", "another_window or background"]
            if trial.long
            else []
        ),
    )


def _at_once(home: Path) -> None:
    """The same text for all: they build one vocabulary and one token file side by side."""
    data = DataFolder(home)
    home.mkdir()
    config = home.with_suffix(".yaml")
    config.write_text(dump_yaml(config_for(corpus_in(home.parent), epochs=20)), encoding="utf-8")
    program = [sys.executable, "-m", "minigpt_tui"]
    train = [*program, "train", "--config", str(config), "--data-dir", str(home)]
    going = [
        subprocess.Popen(train, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        for _ in range(TRAININGS)
    ]
    listed = 0
    limit = time.monotonic() + 120
    while any(process.poll() is None for process in going):
        expect(time.monotonic() < limit, "they hold one another up")
        listing = subprocess.run(
            [*program, "runs", "--json", "--data-dir", str(home)], capture_output=True, text=True
        )
        expect(listing.returncode == 0, f"runs: {listing.stderr}")
        json.loads(listing.stdout)
        listed += 1
    for process in going:
        output = process.communicate()[0]
        expect(process.returncode == 0, output[-400:])
    expect(listed > 0, "the runs were never listed meanwhile")
    runs = list_runs(data)
    expect(len(runs) == TRAININGS, f"{len(runs)} runs of {TRAININGS}")
    first = weights(runs[0].final)
    for run in runs:
        expect(read_status(run).state == "completed", run.name)
        bad = [check.what for check in verify_files(run) if not check.passed]
        expect(not bad, f"{run.name}: {bad}")
        expect(same_weights(weights(run.final), first), "the same training gave other weights")
    expect(not leftovers(data), f"unfinished files: {leftovers(data)}")
