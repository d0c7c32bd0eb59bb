"""How soon the program answers: `python -m tests.benchmarks.startup`.

Prints the time from the start of the process to the end of `--help`, and to the first screen of
the workbench that shows the list of texts, read through a terminal emulator.
"""

from __future__ import annotations

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from tests.e2e.terminal import PROGRAM, Terminal

RUNS = 7


def main() -> None:
    """Medians and ranges over several runs, after one that fills the caches."""
    _report("minigpt-tui --help", [_help_seconds() for _ in range(RUNS + 1)][1:])
    _report("workbench, first paint", [_first_paint_seconds() for _ in range(RUNS + 1)][1:])


def _help_seconds() -> float:
    started = time.perf_counter()
    subprocess.run([PROGRAM, "--help"], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def _first_paint_seconds() -> float:
    with tempfile.TemporaryDirectory() as folder:
        started = time.perf_counter()
        with Terminal(Path(folder) / "home") as terminal:
            while "sample_corpus" not in terminal.text:
                time.sleep(0.005)
                assert time.perf_counter() - started < 60, terminal.text
            return time.perf_counter() - started


def _report(what: str, seconds: list[float]) -> None:
    low, middle, high = min(seconds), statistics.median(seconds), max(seconds)
    print(f"{what:<26} median {middle * 1e3:5.0f} ms   ({low * 1e3:.0f} to {high * 1e3:.0f} ms)")


if __name__ == "__main__":
    main()
