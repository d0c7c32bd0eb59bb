"""`python -m tests.reliability`: every promise put to the test, and a table of what came of it."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

# Before torch is loaded: the machine is shared by the processes that the suite starts.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from tests.reliability.frame import Promise, Trial
from tests.reliability.promises import PROMISES
from tests.reliability.results import Results, Tally

SAVED_EVERY_SECONDS = 20.0
"""So that little is lost of a piece that is ended."""


def main() -> int:
    arguments = build_parser().parse_args()
    # What the program logs of the faults is expected, thousands of times.
    logging.getLogger("minigpt_tui").addHandler(logging.NullHandler())
    _obey_signals()
    results = Results(arguments.json)
    for promise in [] if arguments.table else _chosen(arguments.only):
        _try(promise, results, arguments)
    return _table(results)


def _obey_signals() -> None:
    """Lets what is started obey the signals that this process was started to ignore.

    Shells have what runs in the background ignore SIGINT, and `nohup` SIGHUP, and a process passes
    on what it ignores, but not what it handles.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda number, frame: None)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--long", action="store_true", help="as many cases as an hour affords")
    parser.add_argument("--only", metavar="1,3,…", help="these promises alone")
    parser.add_argument("--seed", type=int, help="other dice (default: the first not yet used)")
    parser.add_argument("--case", default="", metavar="TEXT", help="cases that contain this alone")
    parser.add_argument(
        "--minutes",
        type=float,
        metavar="N",
        help="how long random input (1, with --long 20) and the soak (with --long 40) go on",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results up in this file")
    parser.add_argument(
        "--table", action="store_true", help="show the results in FILE, try nothing"
    )
    return parser


def _table(results: Results) -> int:
    """Prints what this commit has come to; the exit code."""
    print(f"\nCommit {results.commit}")
    print(f"{'':>2} {'promise':<50} {'minutes':>7} {'cases':>9} {'failures':>8}")
    failures = 0
    for promise in PROMISES:
        total = results.total(promise.number)
        failures += len(total.failures)
        print(
            f"{promise.number:>2} {promise.title:<50} {total.seconds / 60:>7.1f} "
            f"{total.cases:>9,} {len(total.failures):>8,}"
            if total.cases
            else f"{promise.number:>2} {promise.title:<50} {'not tried':>7}"
        )
        for failure in total.failures:
            print(f"   {failure.what}: {failure.fault}")
    return 1 if failures else 0


def _chosen(only: str | None) -> list[Promise]:
    if only is None:
        return list(PROMISES)
    numbers = {int(number) for number in only.split(",")}
    return [promise for promise in PROMISES if promise.number in numbers]


def _try(promise: Promise, results: Results, arguments: argparse.Namespace) -> None:
    """Tries one promise, and names each case that breaks it as it comes."""
    seed = results.begin(promise.number, arguments.seed)
    only = arguments.case
    tally = Tally()
    saved = began = time.monotonic()
    print(f"{promise.number}. {promise.title} (seed {seed})", flush=True)
    with tempfile.TemporaryDirectory(prefix="reliability-") as folder:
        os.environ["MINIGPT_TUI_HOME"] = str(Path(folder) / "home")
        trial = Trial(Path(folder), arguments.long, seed, only, arguments.minutes)
        for case in promise.cases(trial):
            if not case.what or only not in case.what:
                continue
            tally.add(case)
            now = time.monotonic()
            tally.seconds = now - began
            if now - saved > SAVED_EVERY_SECONDS:
                saved = now
                results.put(promise.number, seed, tally)
            if case.fault:
                again = f"--only {promise.number} --seed {seed} --case '{case.what}'"
                print(f"   FAILED {case.what}: {case.fault}\n      again: {again}", flush=True)
    results.put(promise.number, seed, tally)
    print(f"   {tally.cases:,} cases in {tally.seconds:.0f} s", flush=True)


if __name__ == "__main__":
    sys.exit(main())
