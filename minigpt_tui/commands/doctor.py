"""`minigpt-tui doctor`: what this machine, its terminal and the installation are like, to paste."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict

from minigpt_tui.commands.checkup.finding import Finding, found_by
from minigpt_tui.commands.exit_codes import FAILED, OK
from minigpt_tui.paths import DataFolder, data_folder

SUBJECT_WIDTH, WIDTH = 13, 80
"""Columns; a report is pasted into narrow places."""


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON only")


def doctor(arguments: argparse.Namespace) -> int:
    """Prints a line for each thing looked at; exit code 1 when one of them wants attention."""
    findings = []
    for finding in examine(arguments.data_dir):
        findings.append(finding)
        if not arguments.json:
            _print(finding)
    worrying = [finding for finding in findings if not finding.ok]
    if arguments.json:
        print(json.dumps([{**asdict(f), "ok": f.ok} for f in findings], indent=2))
    elif worrying:
        print(f"\nMarked with ! for attention: {len(worrying)} of {len(findings)} lines.")
    else:
        print("\nAll is well.")
    return FAILED if worrying else OK


def examine(data_dir: str | None) -> Iterator[Finding]:
    """Everything there is to find, the quick things first."""
    from minigpt_tui.commands.checkup.machine import machine
    from minigpt_tui.commands.checkup.software import software
    from minigpt_tui.commands.checkup.storage import storage
    from minigpt_tui.commands.checkup.terminal import terminal

    def stored() -> Iterator[Finding]:
        return storage(*chosen_folder(data_dir))

    yield from found_by("software", software)
    yield from found_by("terminal", terminal)
    yield from found_by("data folder", stored)
    yield from found_by("machine", machine)


def chosen_folder(data_dir: str | None) -> tuple[DataFolder, str]:
    """The data folder, and what chose it."""
    if data_dir:
        origin = "--data-dir"
    elif os.environ.get("MINIGPT_TUI_HOME"):
        origin = "MINIGPT_TUI_HOME"
    else:
        origin = "the user's default"
    return data_folder(data_dir), origin


def _print(finding: Finding) -> None:
    mark = "ok" if finding.ok else "! "
    margin = " " * (len(mark) + SUBJECT_WIDTH + 2)
    opening = f"{mark} {finding.subject:<{SUBJECT_WIDTH}} "
    lines = textwrap.wrap(finding.found, WIDTH, initial_indent=opening, subsequent_indent=margin)
    if finding.advice:
        arrow, below = f"{margin}→ ", f"{margin}  "
        lines += textwrap.wrap(finding.advice, WIDTH, initial_indent=arrow, subsequent_indent=below)
    print("\n".join(lines))
    sys.stdout.flush()
