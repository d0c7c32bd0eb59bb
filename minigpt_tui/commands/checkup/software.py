"""The programs that this one stands on: their versions, the extras, the compiler."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import shutil
import sys
from collections.abc import Iterator

from minigpt_tui import __version__
from minigpt_tui.commands.checkup.finding import Finding

DISTRIBUTION = "minigpt-tui"
LEFT_OUT = ("test", "peer", "browser", "all")
"""Extras for developers, and the sum of the others."""
COMPILERS = ("c++", "g++", "clang++")
_REQUIREMENT = re.compile(r"([A-Za-z0-9._-]+)\s*(?:\[[^\]]*\])?\s*([^;]*)")
_EXTRA = re.compile(r"extra\s*==\s*['\"]([^'\"]+)['\"]")
_BOUND = re.compile(r"(>=|<)\s*(\d+(?:\.\d+)*)")


def software() -> Iterator[Finding]:
    """The program, Python, what is required, and each extra."""
    yield Finding("minigpt-tui", __version__)
    yield Finding("Python", f"{platform.python_version()} ({sys.executable})")
    yield Finding("system", platform.platform())
    yield from _packages()
    yield _compiler()


def _packages() -> Iterator[Finding]:
    try:
        requirements = importlib.metadata.requires(DISTRIBUTION) or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding(
            "installation",
            "runs from a folder that is not installed",
            "Install it to have its requirements checked: pip install minigpt-tui.",
        )
        return
    extras: dict[str, list[tuple[str, str]]] = {}
    for line in requirements:
        match = _REQUIREMENT.match(line)
        assert match is not None, line
        name, bounds = match[1], match[2]
        extra = _EXTRA.search(line)
        if extra is None:
            yield required(name, bounds)
        elif name != DISTRIBUTION and extra[1] not in LEFT_OUT:
            extras.setdefault(extra[1], []).append((name, bounds))
    for extra_name, packages in extras.items():
        yield optional(extra_name, packages)


def required(name: str, bounds: str) -> Finding:
    """A package that must be there, in a version within its bounds (`>=2.10,<3`)."""
    version = _version(name)
    install = f"Install it: pip install '{name}{bounds.strip()}'."
    if version is None:
        return Finding(name, "not installed", install)
    if not within(version, bounds):
        return Finding(name, f"{version}, but {bounds.strip()} is needed", install)
    return Finding(name, version)


def optional(extra: str, packages: list[tuple[str, str]]) -> Finding:
    """An extra: its packages if all are there, else how to have it. Its absence is no fault."""
    versions = {name: _version(name) for name, _ in packages}
    absent = [name for name, version in versions.items() if version is None]
    if absent:
        how = f"pip install '{DISTRIBUTION}[{extra}]'"
        return Finding(f"extra {extra}", f"not installed ({', '.join(absent)}); to have it: {how}")
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    for name, bounds in packages:
        if not within(str(versions[name]), bounds):
            wanted = f"Install a version that fits: pip install '{name}{bounds.strip()}'."
            return Finding(f"extra {extra}", shown, wanted)
    return Finding(f"extra {extra}", shown)


def within(version: str, bounds: str) -> bool:
    """Whether a version satisfies the `>=` and `<` among some bounds; others are not looked at."""
    number = _numbers(version)
    return all(
        number >= _numbers(bound) if sign == ">=" else number < _numbers(bound)
        for sign, bound in _BOUND.findall(bounds)
    )


def _numbers(version: str) -> tuple[int, ...]:
    """`2.13.0+cpu` as (2, 13): zeros at the end say nothing."""
    match = re.match(r"\d+(?:\.\d+)*", version)
    numbers = [int(part) for part in match[0].split(".")] if match else [0]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _compiler() -> Finding:
    found = next((path for c in COMPILERS if (path := shutil.which(c))), None)
    if found is None:
        return Finding(
            "C++ compiler",
            "none; models are trained without being compiled, which works and takes longer",
        )
    return Finding("C++ compiler", f"{found} (a long training is compiled if that is faster)")
