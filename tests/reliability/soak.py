"""Promise 7: what runs for long stays as it was in its first minutes.

The workbench on a pseudo-terminal trains for SOAK_MINUTES (40) while its panes are turned; its
memory and the time until a key shows are followed. Ten million rows of figures open at once.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np

from minigpt_tui.config import dump_yaml
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.metrics import METRIC, RecordWriter, read_records
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone
from tests.reliability.frame import Cases, Trial, expect, tried
from tests.reliability.small import config_for, corpus_in

ROWS = 10_000_000
WARM_SHARE = 0.3
"""Of the time, at the beginning: caches fill, and memory may grow."""
MOST_GROWTH = 40e6
"""Bytes that the memory may have grown by over the rest, whatever its length."""
MOST_SLOWER = 2.0
PANES = {"f2": "Corpus", "f3": "Train", "f4": "Predict", "f6": "Runs"}


def cases(trial: Trial) -> Cases:
    yield tried("ten million rows of figures", lambda: _many_rows(trial.folder))
    if trial.long:
        # In less, caches fill for the whole time, and nothing can be told from the memory.
        minutes = max(10.0, float(os.environ.get("SOAK_MINUTES", "40")))
        yield tried(f"{minutes:g} minutes of the workbench", lambda: _soak(trial.folder, minutes))
    else:
        print("   not tried: the soak is for --long")


def _many_rows(folder: Path) -> None:
    path = folder / "metrics.bin"
    RecordWriter(path, METRIC).close()
    rows = np.zeros(1_000_000, METRIC)
    with open(path, "ab") as file:
        for first in range(0, ROWS, len(rows)):
            rows["step"] = np.arange(first, first + len(rows)) + 1
            rows.tofile(file)
    began = time.perf_counter()
    records = read_records(path, METRIC)
    last = int(records["step"][-1])
    took = time.perf_counter() - began
    path.unlink()
    expect(last == ROWS, f"the last step is {last}")
    expect(took < 0.5, f"opening took {took:.2f} s")


def _soak(folder: Path, minutes: float) -> None:
    from tests.e2e.terminal import Terminal

    data = DataFolder(folder / "home").ready()
    config = config_for(corpus_in(folder), epochs=1_000_000, checkpoint_every=0, steps=None)
    (folder / "endless.yaml").write_text(dump_yaml(config), encoding="utf-8")
    control = Control()

    def stop(event: object) -> None:
        if isinstance(event, StepDone):
            control.stop()

    train_new(config, data, control, name="endless", on_event=stop)
    data.settings.write_text("pane: train\n", encoding="utf-8")
    memory: list[float] = []
    waits: list[float] = []
    with Terminal(data.root, columns=120, lines=40) as terminal:
        terminal.wait_for("F7 Resume")
        terminal.press("f7")
        ends = time.monotonic() + 60 * minutes
        while time.monotonic() < ends:
            for key, title in PANES.items():
                began = time.monotonic()
                terminal.press(key)
                terminal.wait_for(title)
                waits.append(time.monotonic() - began)
                time.sleep(1.0)
            memory.append(_memory(terminal.process.pid))
        terminal.press("ctrl+q")
        terminal.wait_for("A training is running")
        terminal.press("s")
        expect(terminal.wait_for_exit() == 0, "it did not end well")
    warm = int(WARM_SHARE * len(memory))
    half = warm + (len(memory) - warm) // 2
    grown = float(np.median(memory[half:]) - np.median(memory[warm:half]))
    expect(grown < MOST_GROWTH, f"the memory grew by {grown / 1e6:.0f} MB in half of the time")
    first, last = np.median(waits[: len(waits) // 4]), np.median(waits[-(len(waits) // 4) :])
    expect(last < MOST_SLOWER * first + 0.1, f"a key took {first:.2f} s and takes {last:.2f} s")


def _memory(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return float(pages * os.sysconf("SC_PAGE_SIZE"))
