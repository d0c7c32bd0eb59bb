"""Results that add up: pieces of an hour, kept by commit, promise and seed."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.reliability.frame import Case

ROOT = Path(__file__).parents[2]


@dataclass
class Tally:
    """How many cases of a promise were tried, and those that broke it."""

    cases: int = 0
    failures: list[Case] = field(default_factory=list)

    def add(self, case: Case) -> None:
        self.cases += 1
        if case.fault:
            self.failures.append(case)


class Results:
    """The tallies of one commit in a JSON file that holds those of others as well."""

    def __init__(self, file: Path | None) -> None:
        self.file = file
        self.commit = commit()
        self.everything: dict[str, Any] = {}
        if file is not None and file.exists():
            self.everything = json.loads(file.read_text(encoding="utf-8"))
        self.of_commit: dict[str, dict[str, Any]] = self.everything.setdefault(self.commit, {})

    def next_seed(self, promise: int) -> int:
        """The first seed with which the promise has not been tried at this commit."""
        return max((int(seed) + 1 for seed in self.of_commit.get(str(promise), {})), default=0)

    def put(self, promise: int, seed: int, tally: Tally) -> None:
        """Keeps a tally. The same seed again takes the place of the one before."""
        failures = [[case.what, case.fault] for case in tally.failures]
        entry = {"cases": tally.cases, "failures": failures}
        self.of_commit.setdefault(str(promise), {})[str(seed)] = entry
        if self.file is None:
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.file.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(self.everything, indent=1), encoding="utf-8")
        os.replace(temporary, self.file)

    def total(self, promise: int) -> Tally:
        """What all seeds came to at this commit."""
        total = Tally()
        for seed, entry in self.of_commit.get(str(promise), {}).items():
            total.cases += entry["cases"]
            total.failures += [
                Case(f"{what} (--seed {seed})", fault) for what, fault in entry["failures"]
            ]
        return total


def commit() -> str:
    """The commit that is tried, and whether the files are those of it."""

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", "-C", str(ROOT), *arguments], capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    changed = "+changes" if git("status", "--porcelain", "--untracked-files=no") else ""
    return (git("rev-parse", "--short=12", "HEAD") or "no commit") + changed
