"""Promise 10: every dependency is bounded, reviewed in a table, and free of known holes."""

from __future__ import annotations

import importlib.metadata
import json
import re
import shutil
import subprocess
import sys
import tomllib

from tests.reliability.by_pytest import ROOT
from tests.reliability.frame import Cases, Trial, expect, tried

OWN = "minigpt-tui"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def cases(trial: Trial) -> Cases:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    table = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    extras = project["optional-dependencies"]
    required = [*project["dependencies"], *(one for extra in extras.values() for one in extra)]
    wanted = [one for one in required if _name(one) != OWN]
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
        yield from _audit(trial)


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match is not None, requirement
    return match[0]


def _audit(trial: Trial) -> Cases:
    """What pip-audit knows of the installed versions, where it is there and its service answers."""
    program = shutil.which("pip-audit") or shutil.which("pip-audit", path=sys.prefix + "/bin")
    if program is None:
        print("   not tried here: pip-audit is not installed")
        return
    installed = {d.metadata["Name"]: d.version for d in importlib.metadata.distributions()}
    listed = trial.folder / "installed.txt"
    listed.write_text(
        "".join(
            f"{name}=={version.partition('+')[0]}\n"  # a local version is nobody else's
            for name, version in sorted(installed.items())
            if name != OWN
        )
    )
    command = [program, "--requirement", str(listed), "--no-deps", "--disable-pip"]
    done = subprocess.run(
        [*command, "--format", "json", "--progress-spinner", "off"],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        found = json.loads(done.stdout)["dependencies"]
    except ValueError:
        found = []
    audited = [one for one in found if "vulns" in one]
    if not audited:
        print("   not tried here: pip-audit's service knows none of these packages")
    for one in audited:
        holes = ", ".join(hole["id"] for hole in one["vulns"])
        what = f"{one['name']} {one['version']} has no known hole"
        yield tried(what, lambda holes=holes: expect(not holes, holes))
