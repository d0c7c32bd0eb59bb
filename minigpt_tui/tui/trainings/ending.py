"""Says how a training ended, and what goes wrong in it, on whichever pane somebody is.

Both ring the bell, which the setting `bell: off` silences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.notifications import SeverityLevel

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_view import RunReader
from minigpt_tui.tui.runs.run_words import end_sentence
from minigpt_tui.tui.session import Job

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench

ALARMING: dict[str, SeverityLevel] = {"nan": "error", "overfitting": "warning"}
"""What is worth a bell while a training goes on, with its severity; the rest stands in Train."""


def announce_end(app: Workbench, job: Job) -> None:
    """To be called in the screen's thread when the job is done.

    Silent where somebody asked for the end, and where there is no run: the Train pane explains it.
    """
    if job.control.stopping() or job.run is None:
        return
    app.bell()
    title = visible(job.run.name)
    if job.outcome is None:
        app.notify(
            visible(job.error or "The log has the details."),
            title=f"{title} failed",
            severity="error",
            timeout=15,
            markup=False,
        )
        return
    view = RunReader(job.run).pull()
    app.notify(
        end_sentence(view, app.keymap) if view is not None else visible(job.outcome.message),
        title=title,
        severity="information" if job.outcome.state == "completed" else "warning",
        timeout=10,
        markup=False,
    )


def announce_findings(app: Workbench, job: Job, already: int) -> int:
    """Says what the training's diagnosis has found beyond the first `already`; how many now."""
    found = job.findings[already:]
    for finding in found:
        if finding.kind in ALARMING:
            app.bell()
            app.notify(
                visible(f"{finding.message} {finding.advice}"),
                title=visible(job.title),
                severity=ALARMING[finding.kind],
                timeout=15,
                markup=False,
            )
    return already + len(found)
