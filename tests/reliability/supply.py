"""Promise 10: every dependency is bounded, reviewed in a table, and free of known holes."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib

from tests.reliability.by_pytest import ROOT
from tests.reliability.frame import Cases, Trial, expect, tried

_NAME = re.compile(r"[A-Za-z0-9._-]+")


def cases(trial: Trial) -> Cases:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    extras = project["optional-dependencies"]
    required = [*project["dependencies"], *(one for extra in extras.values() for one in extra)]
    own = project["name"]
    wanted = [one for one in required if _name(one) != own]
    for requirement in wanted:
        yield tried(
            f"{requirement} is bounded", lambda r=requirement: expect(">=" in r, "no least version")
        )
        name = _name(requirement)
        yield tried(
            f"{name} is in docs/dependencies.md",
            lambda n=name: expect(f"| {n} |" in table, "it is not in the table"),
        )
    known = {_name(one) for one in wanted}
    for listed in re.findall(r"^\| ([A-Za-z0-9][A-Za-z0-9._-]*) \|", table, re.MULTILINE):
        if listed != "package":
            yield tried(
                f"{listed} is a dependency", lambda n=listed: expect(n in known, "it is none")
            )
    policy = ROOT / "SECURITY.md"
    yield tried("SECURITY.md", lambda: expect(policy.is_file(), "there is none"))
    if trial.long:
        yield from _audit()


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match is not None, requirement
    return match[0]


def _audit() -> Cases:
    """What pip-audit knows of the installed versions, where it is installed and has a network."""
    program = shutil.which("pip-audit") or shutil.which("pip-audit", path=sys.prefix + "/bin")
    if program is None:
        print("   not tried here: pip-audit is not installed")
        return
    done = subprocess.run([program, "--skip-editable"], capture_output=True, text=True, check=False)
    if "Connection" in done.stderr:
        print("   not tried here: pip-audit has no network")
        return
    yield tried("pip-audit", lambda: expect(done.returncode == 0, done.stdout[-800:]))
