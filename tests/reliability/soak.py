"""Promise 7: what runs for long stays as it was in its first minutes.

The workbench on a pseudo-terminal trains for 40 minutes (`--minutes`) while its panes are turned;
its memory and the time until a key shows are followed. The first half fills caches; over the
second, the memory may grow by what the run's figures weigh and by no more. Ten million rows of
figures open at once.
"""

from __future__ import annotations

import math
import time
from pathlib import Path

import numpy as np

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.metrics import METRIC, RecordWriter, read_records
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone
from minigpt_tui.tui.plot.series import SeriesReduction
from tests.reliability.frame import Cases, Trial, expect, tried
from tests.reliability.small import config_for, corpus_in

ROWS = 10_000_000
SPAN = 1000
"""Of the smoothing, in rows."""
MINUTES = 40.0
LEAST_MINUTES = 10.0
"""In less, caches fill for the whole time, and nothing can be told from the memory."""
BLOCKS = 10
"""The second half is cut into so many means, since readings seconds apart are not independent."""
STUDENT_95 = 2.306
"""Of Student's t, two-sided, with the BLOCKS − 2 degrees of freedom that a line leaves."""
MOST_UNSURE = 1e6
"""Bytes a minute: a slope that is known less well proves nothing."""
MOST_SLOWER = 2.0
LARGEST_LOG = 2e6
PANES = {
    "f2": "─ Texts",
    "f3": "─ Settings",
    "f4": "F8 Sampler",
    "f5": "Calibration",
    "f6": "─ Runs",
}
"""What stands on the screen when a pane is there, and not before."""


def cases(trial: Trial) -> Cases:
    if trial.wants(what := "ten million rows of figures"):
        yield tried(what, lambda: _many_rows(trial.folder))
    if trial.long:
        minutes = max(LEAST_MINUTES, trial.minutes or MINUTES)
        if trial.wants(what := f"{minutes:g} minutes of the workbench"):
            yield tried(what, lambda: _soak(trial.folder, minutes))
    else:
        print("   not tried: the soak is for --long")


def _many_rows(folder: Path) -> None:
    """Opening them, drawing the loss down to a plot's cells, and drawing on as rows come."""
    path = folder / "metrics.bin"
    RecordWriter(path, METRIC).close()
    rows = np.zeros(1_000_000, METRIC)
    rows["loss"] = np.linspace(4, 1, len(rows))
    with open(path, "ab") as file:
        for first in range(0, ROWS, len(rows)):
            rows["step"] = np.arange(first, first + len(rows)) + 1
            rows.tofile(file)
    began = time.process_time()
    records = read_records(path, METRIC)
    last = int(records["step"][-1])
    opened = time.process_time()
    reduction = SeriesReduction()
    reduction.update(records["step"][:-1000], records["loss"][:-1000], SPAN)
    drawn = time.process_time()
    reduction.update(records["step"], records["loss"], SPAN)
    ended = time.process_time()
    path.unlink()
    expect(last == ROWS, f"the last step is {last}")
    expect(reduction.samples.rows == ROWS, f"{reduction.samples.rows} rows were drawn")
    expect(opened - began < 0.5, f"opening took {opened - began:.2f} s")
    expect(drawn - opened < 5, f"drawing took {drawn - opened:.2f} s")
    expect(ended - drawn < 0.1, f"drawing on took {ended - drawn:.2f} s")


def _soak(folder: Path, minutes: float) -> None:
    from tests.e2e.terminal import Terminal

    data = DataFolder(folder / "home").ready()
    config = config_for(corpus_in(folder), epochs=1_000_000, checkpoint_every=0, steps=None)
    (folder / "endless.yaml").write_text(dump_yaml(config), encoding="utf-8")
    control = Control()

    def stop(event: object) -> None:
        if isinstance(event, StepDone):
            control.stop()

    run = train_new(config, data, control, name="endless", on_event=stop).run
    data.settings.write_text("pane: train\n", encoding="utf-8")
    readings: list[tuple[float, float, float]] = []
    waits: list[float] = []
    with Terminal(data.root, columns=120, lines=40) as terminal:
        terminal.wait_for("F7 Resume")
        terminal.press("f7")
        began = time.monotonic()
        while (now := time.monotonic() - began) < 60 * minutes:
            for key, title in PANES.items():
                pressed = time.monotonic()
                terminal.press(key)
                terminal.wait_for(title)
                waits.append(time.monotonic() - pressed)
                time.sleep(1.0)
            readings.append((now / 60, own_memory(terminal.process.pid), _weight(run)))
        terminal.press("ctrl+q")
        terminal.wait_for("A training is running")
        terminal.press("s")
        expect(terminal.wait_for_exit() == 0, "it did not end well")
    second = np.array([reading for reading in readings if reading[0] >= minutes / 2])
    expect_flat(second[:, 0], second[:, 1] - second[:, 2])
    first, last = np.median(waits[: len(waits) // 4]), np.median(waits[-(len(waits) // 4) :])
    expect(last < MOST_SLOWER * first + 0.1, f"a key took {first:.2f} s and takes {last:.2f} s")
    logs = sum(path.stat().st_size for path in data.root.rglob("*.log"))
    expect(logs < LARGEST_LOG, f"the logs have {logs / 1e6:.1f} MB")


def expect_flat(minutes: np.ndarray, memory: np.ndarray) -> None:
    """Raises BrokenPromiseError if the memory grows by more than chance, or nobody can tell."""
    slope, unsure = slope_of(minutes, memory)
    grown = f"{slope / 1e6:+.2f} ± {unsure / 1e6:.2f} MB a minute beyond its figures"
    print(f"   memory in the second half: {memory[-1] / 1e6:.0f} MB, {grown}", flush=True)
    expect(slope - unsure <= 0, f"the memory grows: {grown}")
    expect(unsure <= MOST_UNSURE, f"too few minutes to tell: {grown}")


def slope_of(minutes: np.ndarray, values: np.ndarray) -> tuple[float, float]:
    """The slope of the line through BLOCKS means, and half the width of its 95 % interval."""
    x = np.array([block.mean() for block in np.array_split(minutes, BLOCKS)])
    y = np.array([block.mean() for block in np.array_split(values, BLOCKS)])
    slope, height = np.polyfit(x, y, 1)
    left = y - slope * x - height
    error = math.sqrt((left @ left) / (BLOCKS - 2) / ((x - x.mean()) @ (x - x.mean())))
    return float(slope), STUDENT_95 * error


def own_memory(pid: int) -> float:
    """Bytes that a process holds by itself, without the files that it has mapped."""
    status = Path(f"/proc/{pid}/status").read_text()
    return 1024.0 * int(status.split("RssAnon:")[1].split()[0])


def _weight(run: RunFolder) -> float:
    """Bytes of the figures that a screen may hold."""
    files = (run.metrics_file, run.evaluations_file, run.events_file, run.samples_file)
    return float(sum(path.stat().st_size for path in files if path.exists()))
