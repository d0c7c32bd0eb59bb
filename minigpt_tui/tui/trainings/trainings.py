"""The trainings of this window: begun one after the other, and announced when they end.

Each runs in a thread of the app, which goes on whichever pane is open; the panes only ask for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from minigpt_tui.config import RunConfig
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.session import Job

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench

WORKER = "training"
"""The name of the app's worker in which a training runs."""


class Trainings:
    """At most one at a time: `session` is the one that runs, `queue` holds those that wait."""

    def __init__(self, app: Workbench) -> None:
        self.app = app
        self._findings_said: tuple[Job | None, int] = (None, 0)
        """The training whose findings were announced, and how many of them."""

    def start(
        self, config: RunConfig, name: str | None = None, start_from: RunFolder | None = None
    ) -> None:
        """Trains a new run with a configuration; from the best weights of another, if given."""
        best = None if start_from is None else start_from.best
        self._begin(lambda: self.app.session.new(config, name, best))

    def resume(self, run: RunFolder, changes: Mapping[str, int | float] | None = None) -> None:
        """Goes on with a run; with `changes` also beyond its end."""
        self._begin(lambda: self.app.session.resumed(run, changes))

    def take_back(self, run: RunFolder) -> None:
        """Has the process that trains the run stop, and goes on with it here once it has saved."""
        from minigpt_tui.tui.trainings.take_back_dialog import TakeBackDialog

        def answered(free: bool | None) -> None:
            if free:
                self.resume(run)

        self.app.push_screen(TakeBackDialog(run), answered)

    def start_next(self) -> None:
        """Begins the first run of the queue, unless there is none or the queue is held."""
        if (waiting := self.app.queue.take()) is not None:
            self.app.notify(waiting.title, title="Next in the queue", markup=False)
            self.start(waiting.config)

    def ended(self) -> None:
        """To be called when a training's thread is done: says how it ended, begins the next."""
        job = self.app.session.job
        if job is None:
            return
        from minigpt_tui.tui.trainings.ending import announce_end

        announce_end(self.app, job)
        if job.run is None and job.error and self.app.queue.waiting:
            # Where nothing else begins, the Train pane says so.
            sentence = visible(job.error)
            self.app.notify(sentence, title="Not started", severity="warning", markup=False)
        self.start_next()

    def announce_findings(self) -> None:
        """Says what the training's diagnosis has found since the last call."""
        job = self.app.session.job
        if job is None or not job.findings:
            return
        from minigpt_tui.tui.trainings.ending import announce_findings

        already = self._findings_said[1] if self._findings_said[0] is job else 0
        self._findings_said = job, announce_findings(self.app, job, already)

    def _begin(self, make: Callable[[], Callable[[], None]]) -> None:
        try:
            work = make()
        except ValueError as error:
            self.app.notify(str(error), title="Not started", severity="warning", markup=False)
            return
        # The worker belongs to the app: a pane's workers die with the pane.
        self.app.run_worker(work, name=WORKER, thread=True, exit_on_error=False)
