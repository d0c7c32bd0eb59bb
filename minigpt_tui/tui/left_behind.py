"""At the start: what earlier windows and other processes left is looked for, and offered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from minigpt_tui.tui.old_trash import empty_old_trash
from minigpt_tui.tui.trainings.elsewhere import announce_elsewhere, runs_elsewhere
from minigpt_tui.tui.trainings.interrupted import announce_interrupted, interrupted_runs
from minigpt_tui.tui.trainings.run_queue import WaitingRun, take_saved_queue

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench


def look_for_what_was_left(app: Workbench) -> None:
    """To be called in a thread, after the first paint: it reads every run's status."""
    if queued := take_saved_queue(app.data):
        app.call_later(take_up_queue, app, queued)
    if elsewhere := runs_elsewhere(app.data, app.session):
        app.call_later(announce_elsewhere, app, elsewhere)
    empty_old_trash(app.data)
    if found := interrupted_runs(app.data):
        app.offered_run = found[0][0]
        app.call_later(announce_interrupted, app, found)


def take_up_queue(app: Workbench, queued: list[WaitingRun]) -> None:
    """Runs that an earlier session queued wait on, until somebody lets them begin."""
    app.queue.waiting[:0] = queued
    app.queue.held = True
    count = "1 run" if len(queued) == 1 else f"{len(queued)} runs"
    words = (
        "They were queued when you left. ‹app.train›, then ‹train.show_queue›, shows them and "
        "lets them begin."
    )
    app.notify(words, title=f"{count} held in the queue", markup=False, timeout=10)
