"""`python -m tests.reliability`: every promise put to the test, and a table of what came of it."""

from __future__ import annotations

import argparse
import logging
import os
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


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.reliability", description=__doc__)
    parser.add_argument("--long", action="store_true", help="as many cases as an hour affords")
    parser.add_argument("--only", metavar="1,3,…", help="these promises alone")
    parser.add_argument("--seed", type=int, help="other dice (default: the first not yet used)")
    parser.add_argument("--case", default="", metavar="TEXT", help="cases that contain this alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results up in this file")
    arguments = parser.parse_args()
    # What the program logs of the faults is expected, thousands of times.
    logging.getLogger("minigpt_tui").addHandler(logging.NullHandler())
    results = Results(arguments.json)
    chosen = _chosen(arguments.only)
    for promise in chosen:
        seed = results.next_seed(promise.number) if arguments.seed is None else arguments.seed
        tally = _try(promise, arguments.long, seed, arguments.case)
        results.put(promise.number, seed, tally)
    print(f"\nCommit {results.commit}")
    print(f"{'':>2} {'promise':<58} {'cases':>8} {'failures':>8}")
    failures = 0
    for promise in PROMISES:
        total = results.total(promise.number)
        if not total.cases:
            continue
        failures += len(total.failures)
        print(
            f"{promise.number:>2} {promise.title:<58} {total.cases:>8,} {len(total.failures):>8,}"
        )
    return 1 if failures else 0


def _chosen(only: str | None) -> list[Promise]:
    if only is None:
        return list(PROMISES)
    numbers = {int(number) for number in only.split(",")}
    return [promise for promise in PROMISES if promise.number in numbers]


def _try(promise: Promise, long: bool, seed: int, only: str) -> Tally:
    """Tries one promise, and names each case that breaks it as it comes."""
    tally = Tally()
    began = time.monotonic()
    print(f"{promise.number}. {promise.title} (seed {seed})", flush=True)
    with tempfile.TemporaryDirectory(prefix="reliability-") as folder:
        os.environ["MINIGPT_TUI_HOME"] = str(Path(folder) / "home")
        for case in promise.cases(Trial(Path(folder), long, seed, only)):
            if not case.what or only not in case.what:
                continue
            tally.add(case)
            if case.fault:
                again = f"--only {promise.number} --seed {seed} --case '{case.what}'"
                print(f"   FAILED {case.what}: {case.fault}\n      again: {again}", flush=True)
    print(f"   {tally.cases:,} cases in {time.monotonic() - began:.0f} s", flush=True)
    return tally


if __name__ == "__main__":
    sys.exit(main())
