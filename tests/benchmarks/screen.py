"""What the workbench costs, and how soon it answers: `python -m tests.benchmarks.screen`.

1. first paint; 2. from a key to the painted answer in every pane while a model trains on all
cores; 3. training under the workbench against headless, in turn; 4. frames of the loss plot;
5. memory with 200 runs in the folder; 6. opening a text of 1 GB. `--only 1,2` runs some of them.
All on a real pseudo-terminal of 160×45, with the installed program. Linux.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.metrics import METRIC, read_records
from minigpt_tui.runs.status import read_status
from minigpt_tui.tui.remembered import Remembered, save_remembered
from tests.benchmarks import plot, startup
from tests.benchmarks.raw_terminal import RawTerminal
from tests.e2e.terminal import KEYS, PROGRAM

MARK = "§"
"""A sign that stands nowhere on the screen before it is typed."""
BACKSPACE = "\x7f"
FIELDS = {
    "corpus": ("f2", "/", None),
    "train": ("f3", "", "sample_corpus "),
    "predict": ("f4", "", None),
    "inspect": ("f5", "", None),
    "runs": ("f6", "/", None),
}
"""Pane: its key, the key that opens its text field, and what to click to come to the field."""
SPEED_STEPS, WARM_UP_STEPS = 400, 100
SPEED_ORDER = ("headless", "workbench", "workbench", "headless", "headless", "workbench")
RUNS = 200
LONG_LINE = "The quick brown fox jumps over the lazy dog and does it again. "


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="1,2,3,4,5,6", help="items to run")
    parser.add_argument("--presses", type=int, default=300, help="keys in each pane, for item 2")
    parser.add_argument("--megabytes", type=int, default=1000, help="of text, for item 6")
    arguments = parser.parse_args()
    wanted = {int(item) for item in arguments.only.split(",")}
    if 1 in wanted:
        print("1.", end=" ")
        startup.main()
    if 2 in wanted:
        key_presses(arguments.presses)
    if 3 in wanted:
        training_speed()
    if 4 in wanted:
        print("\n4. frames of the loss plot")
        plot.main([])
    if 5 in wanted:
        memory()
    if 6 in wanted:
        large_text(arguments.megabytes)


def key_presses(presses: int) -> None:
    """Item 2: a sign is typed into each pane's text field until the terminal has it."""
    print(f"\n2. key to painted answer beside a training, {presses} keys: ms   p50    p95    p99")
    with tempfile.TemporaryDirectory() as folder:
        data = _folder(folder, "train")
        _train(data, "--preset", "tiny", "--run", "asked")  # for the Predict pane to ask
        dice = random.Random(0)
        with RawTerminal(data.root, "--data-dir", str(data.root)) as terminal:
            terminal.wait_for("Start")
            _start_training(terminal, data)
            for pane, (key, opening, place) in FIELDS.items():
                terminal.send(KEYS[key])
                time.sleep(3.0)  # what the pane reads at first has been read
                if place is not None:
                    terminal.click(*terminal.place_of(place))
                terminal.send(opening)
                time.sleep(0.5)
                seconds = []
                for _ in range(presses):
                    seconds.append(terminal.seconds_until(MARK, terminal.send(MARK)))
                    terminal.send(BACKSPACE)
                    time.sleep(0.12 + 0.15 * dice.random())  # never in step with the redraws
                p50, p95, p99 = (float(np.percentile(seconds, p)) * 1e3 for p in (50, 95, 99))
                print(f"   {pane:<52}{p50:7.1f}{p95:7.1f}{p99:7.1f}")
                terminal.send(KEYS["escape"])
                time.sleep(0.5)


def training_speed() -> None:
    """Item 3: steps a second of the default configuration, three times each way.

    A machine's own speed drifts by several per cent within minutes, so neither way may be the
    earlier or the later one on the whole.
    """
    rates: dict[str, list[float]] = {"headless": [], "workbench": []}
    with tempfile.TemporaryDirectory() as folder:
        data = _folder(folder, "train")
        for way in SPEED_ORDER:
            if way == "headless":
                _train(data, "--steps", str(SPEED_STEPS), "--checkpoint-every", "0")
                run = next(iter(list_runs(data)))
            else:
                with RawTerminal(data.root, "--data-dir", str(data.root)) as terminal:
                    terminal.wait_for("Start")
                    run = _start_training(terminal, data)
                    while read_status(run).step < SPEED_STEPS:
                        time.sleep(2)  # whoever looks takes the processor, too
            rates[way].append(_rate(run))
    headless, ours = (statistics.mean(rates[way]) for way in ("headless", "workbench"))
    print(f"\n3. default training headless: {headless:.2f} steps/s {_shown(rates['headless'])}")
    print(f"   under the workbench: {ours:.2f} steps/s {_shown(rates['workbench'])}")
    print(f"   {ours / headless:.1%} of the headless speed (goal: 95%)")


def memory() -> None:
    """Item 5: anonymous memory of the Runs pane with one run and with many."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        data = _folder(folder, "runs")
        _train(data, "--preset", "tiny", "--run", "run-0")
        first = data.runs / "run-0"
        for number in range(RUNS):
            if number:
                shutil.copytree(first, data.runs / f"run-{number}")
            if number in (0, RUNS - 1):
                with RawTerminal(data.root, "--data-dir", str(data.root)) as terminal:
                    terminal.wait_for(f"Runs ({number + 1})")
                    time.sleep(5)
                    found.append(terminal.memory() / 2**20)
    print(
        f"\n5. memory of the Runs pane: {found[0]:.0f} MiB with 1 run, {found[1]:.0f} with {RUNS}"
    )


def large_text(megabytes: int) -> None:
    """Item 6: from Enter on a path to the first screenful of the text."""
    with tempfile.TemporaryDirectory() as folder:
        data = _folder(Path(folder) / "home", "corpus")
        text = Path(folder) / "large.txt"
        line = (LONG_LINE * 2 + "\n").encode()
        block = line * (2**20 // len(line) + 1)
        with open(text, "wb") as file:
            file.write(f"{MARK} opens the text\n".encode())
            for _ in range(megabytes):
                file.write(block[: 2**20])
        with RawTerminal(data.root, "--data-dir", str(data.root)) as terminal:
            terminal.wait_for("sample_corpus")
            time.sleep(2)
            terminal.send("o")
            time.sleep(0.5)
            terminal.send(str(text))
            time.sleep(0.5)
            seconds = terminal.seconds_until(MARK, terminal.send("\r"))
    print(f"\n6. {megabytes:,} MB opened: first screenful after {seconds * 1e3:.0f} ms (goal: 300)")


def _folder(root: str | Path, pane: str) -> DataFolder:
    """A fresh data folder whose workbench opens on a pane."""
    data = DataFolder(Path(root)).ready()
    save_remembered(Remembered(pane=pane), data)
    return data


def _train(data: DataFolder, *arguments: str) -> None:
    command = [str(PROGRAM), "train", "--data-dir", str(data.root), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _start_training(terminal: RawTerminal, data: DataFolder) -> RunFolder:
    """Starts the form's configuration; the run, once it takes steps."""
    before = set(list_runs(data))
    terminal.send("\x14")
    while True:
        time.sleep(0.5)
        new = [run for run in list_runs(data) if run not in before]
        if new and read_status(new[0]).step > 5:
            return new[0]


def _rate(run: RunFolder) -> float:
    """Steps a second between the warm-up and the last step that both ways take."""
    seconds = read_records(run.metrics_file, METRIC)["seconds"]
    return float(
        (SPEED_STEPS - WARM_UP_STEPS) / (seconds[SPEED_STEPS - 1] - seconds[WARM_UP_STEPS - 1])
    )


def _shown(rates: list[float]) -> str:
    return "(" + ", ".join(f"{rate:.2f}" for rate in rates) + ")"


if __name__ == "__main__":
    main()
