"""Promise 5: trainings, commands and a server on one data folder neither corrupt nor hold up."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import time
from pathlib import Path

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.jobs.verify import verify_files
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.status import read_status
from tests.reliability.by_pytest import by_pytest
from tests.reliability.frame import Cases, Trial, expect, tried
from tests.reliability.serving import server
from tests.reliability.small import config_for, corpus_in, leftovers, same_weights, trained, weights
from tests.reliability.soak import PANES

TRAININGS = 4
TOGETHER = 3


def cases(trial: Trial) -> Cases:
    for repeat in range(trial.some(1, 10)):
        home = trial.folder / f"home-{repeat}"
        if trial.wants(what := f"{TRAININGS} trainings begin at once, {repeat}"):
            yield tried(what, lambda h=home: _at_once(h))
        what = f"two workbenches, a training, a server, {repeat}"
        if trial.long and repeat < TOGETHER and trial.wants(what):
            home = trial.folder / f"shared-{repeat}"
            yield tried(what, lambda h=home: _together(h))
    if not trial.wants("tests."):
        return
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


def _together(home: Path) -> None:
    """A workbench trains one run and a command another, beside a second workbench and a server."""
    from tests.e2e.terminal import Terminal

    data = DataFolder(home).ready()
    config = config_for(corpus_in(home.parent), epochs=60)
    whole = trained(data, "whole", config)
    trained(data, "begun", config, stop_at=5)
    file = home.with_suffix(".yaml")
    file.write_text(dump_yaml(config), encoding="utf-8")
    data.settings.write_text("pane: train\n", encoding="utf-8")
    command = [sys.executable, "-m", "minigpt_tui", "train", "--config", str(file)]
    with (
        server(home) as (process, port),
        Terminal(home, columns=120, lines=40) as one,
        Terminal(home, columns=120, lines=40) as other,
    ):
        one.wait_for("F7 Resume")
        one.press("f7")
        going = subprocess.Popen(
            [*command, "--run", "headless", "--data-dir", str(home)],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        limit = time.monotonic() + 180
        runs = [RunFolder(data.runs / name) for name in ("begun", "headless")]
        while any(read_status(run).state != "completed" for run in runs):
            expect(time.monotonic() < limit, f"{[read_status(run).state for run in runs]}")
            for key in ("f6", "f3", "f4"):
                for terminal in (one, other):
                    terminal.press(key)
                    terminal.wait_for(PANES[key])
            _predict(port)
            expect(process.poll() is None, "the server ended")
        expect(going.wait(60) == 0, f"the command ended with {going.returncode}")
        other.press("f6")
        other.wait_for(lambda text: "headless" in text and "begun" in text)
        for terminal in (one, other):
            terminal.press("ctrl+q")
            expect(terminal.wait_for_exit() == 0, "a workbench did not end well")
            terminal.assert_restored()
    for run in runs:
        expect(same_weights(weights(run.final), weights(whole.final)), f"{run.name}: other weights")
        bad = [check.what for check in verify_files(run) if not check.passed]
        expect(not bad, f"{run.name}: {bad}")
    expect(not leftovers(data), f"unfinished files: {leftovers(data)}")


def _predict(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"prompt": "the c", "max_tokens": 4})
    connection.request("POST", "/v1/completions", body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    expect(answer.status == 200, f"the server answers {answer.status}: {answer.read()[:200]!r}")
    answer.read()
    connection.close()
