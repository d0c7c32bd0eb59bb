"""At the start of the workbench: runs that were cut off are offered, to go on with."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.status import read_status
from minigpt_tui.runs.summary import has_resumable_checkpoint
from minigpt_tui.text.safe import visible

NAMED = 2
"""So many interrupted runs are named; of more the number is."""


def interrupted_runs(data: DataFolder) -> list[tuple[RunFolder, int]]:
    """The runs that were left in mid-training and can go on, with their step; the newest first."""
    found = []
    for run in list_runs(data):
        status = read_status(run)
        if status.state == "interrupted" and has_resumable_checkpoint(run):
            found.append((run, status.step))
    return found


def announce_interrupted(app: App[None], found: Sequence[tuple[RunFolder, int]]) -> None:
    """To be called in the screen's thread, once a start."""
    if not found:
        return
    lines = [f"{visible(run.name)} at step {step:,}" for run, step in found[:NAMED]]
    title = f"{len(found)} runs were interrupted"
    if len(found) == 1:
        lines = [f"{lines[0]}: ‹app.runs›, then ‹runs.resume_run› resumes it."]
        title = "A run was interrupted"
    else:
        more = f"and {len(found) - NAMED} more. " if len(found) > NAMED else ""
        lines.append(f"{more}‹app.runs›, then ‹runs.resume_run› resumes one.")
    app.notify("\n".join(lines), title=title, severity="warning", timeout=8, markup=False)
