"""Results that add up: pieces of an hour, kept by commit, promise and seed."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from filelock import FileLock

from tests.reliability.frame import Case

ROOT = Path(__file__).parents[2]


@dataclass
class Tally:
    """How many cases of a promise were tried, in how long, and those that broke it."""

    cases: int = 0
    seconds: float = 0.0
    failures: list[Case] = field(default_factory=list)

    def add(self, case: Case) -> None:
        self.cases += 1
        if case.fault:
            self.failures.append(case)


class Results:
    """The tallies of one commit in a JSON file that holds those of others as well.

    Several pieces may write into one file at the same time.
    """

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.commit = commit()
        self._everything: dict[str, Any] = {}

    def begin(self, promise: int, seed: int | None) -> int:
        """Takes a seed for a piece: the one wanted, or the first that this commit has not had."""
        with self._shared() as of_commit:
            known = of_commit.setdefault(str(promise), {})
            if seed is None:
                seed = max((int(taken) + 1 for taken in known), default=0)
            known[str(seed)] = _entry(Tally())
        return seed

    def put(self, promise: int, seed: int, tally: Tally) -> None:
        """Keeps a tally. The same seed again takes the place of the one before."""
        with self._shared() as of_commit:
            of_commit.setdefault(str(promise), {})[str(seed)] = _entry(tally)

    def total(self, promise: int) -> Tally:
        """What all seeds came to at this commit."""
        total = Tally()
        with self._shared() as of_commit:
            for seed, entry in of_commit.get(str(promise), {}).items():
                total.cases += entry["cases"]
                total.seconds += entry["seconds"]
                total.failures += [
                    Case(f"{what} (--seed {seed})", fault) for what, fault in entry["failures"]
                ]
        return total

    @contextmanager
    def _shared(self) -> Iterator[dict[str, dict[str, Any]]]:
        """This commit's tallies as they stand; what is changed within is written."""
        if self.file is None:
            yield self._everything
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.file.with_name(self.file.name + ".lock")):
            everything: dict[str, Any] = {}
            if self.file.exists():
                everything = json.loads(self.file.read_text(encoding="utf-8"))
            yield everything.setdefault(self.commit, {})
            temporary = self.file.with_suffix(f".{os.getpid()}.tmp")
            temporary.write_text(json.dumps(everything, indent=1), encoding="utf-8")
            os.replace(temporary, self.file)


def _entry(tally: Tally) -> dict[str, Any]:
    failures = [[case.what, case.fault] for case in tally.failures]
    return {"cases": tally.cases, "seconds": round(tally.seconds, 1), "failures": failures}


def commit() -> str:
    """The commit that is tried, and whether the files are those of it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = "+changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return (git("rev-parse", "--short=12", "HEAD") or "no commit") + changed
