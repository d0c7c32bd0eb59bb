"""The cases of a promise that the ordinary tests hold already: run by pytest, counted here."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tests.reliability.frame import Case, Cases, Trial

ROOT = Path(__file__).parents[2]


def by_pytest(trial: Trial, *targets: str) -> Cases:
    """Each test of the targets as a case; a test that is skipped is none."""
    report = trial.folder / "pytest.xml"
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", "-m", "not peer"]
    command += ["-p", "no:cacheprovider", f"--junitxml={report}", *targets]
    environment = {name: value for name, value in os.environ.items() if name != "MINIGPT_TUI_HOME"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=False)
    if not report.exists():
        yield Case(" ".join(targets), f"pytest did not run: {done.stdout[-300:]!r}")
        return
    for test in ElementTree.parse(report).iter("testcase"):
        name = f"{test.get('classname')}::{test.get('name')}"
        if test.find("skipped") is not None:
            continue
        bad = [test.find(kind) for kind in ("failure", "error")]
        fault = next((str(one.get("message")) for one in bad if one is not None), "")
        yield Case(name, fault)
