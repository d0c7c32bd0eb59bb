"""At the start of the workbench: runs that another process trains are shown live."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.status import Status, read_status
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_words import whereabouts
from minigpt_tui.tui.session import TrainingSession

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench

NAMED = 2
"""So many runs are named; of more the number is."""


def runs_elsewhere(data: DataFolder, session: TrainingSession) -> list[tuple[RunFolder, Status]]:
    """The runs that other processes train now, the newest first."""
    runs = [(run, read_status(run)) for run in list_runs(data) if not session.trains(run)]
    return [(run, status) for run, status in runs if status.live]


def announce_elsewhere(app: Workbench, found: Sequence[tuple[RunFolder, Status]]) -> None:
    """Shows the first of them and says so. To be called in the screen's thread, once a start."""
    run, _ = found[0]
    app.show_run(run)
    lines = [
        f"{visible(run.name)} at step {status.step:,} ({whereabouts(status)})"
        for run, status in found[:NAMED]
    ]
    if len(found) > NAMED:
        lines.append(f"and {len(found) - NAMED} more: ‹app.runs› lists them.")
    lines.append("‹app.train› shows it live; ‹train.steer› there takes it into this window.")
    title = "A run trains in another process"
    if len(found) > 1:
        title = f"{len(found)} runs train in other processes"
    app.notify("\n".join(lines), title=title, timeout=8, markup=False)
