"""Which run is watched, and what there is to see of it: this process's training, or any folder.

Used from the screen's thread, a few times a second.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.runs.requests import waiting_requests
from minigpt_tui.runs.status import Status, read_status
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_view import RunReader, RunView
from minigpt_tui.tui.session import Job, TrainingSession


@dataclass(frozen=True)
class NoRun:
    """Nothing was ever trained here."""


@dataclass(frozen=True)
class Preparing:
    """A training that has no run folder yet."""

    message: str
    seconds: float


@dataclass(frozen=True)
class Refused:
    """A training that ended before it had a run folder, and why."""

    sentence: str


@dataclass(frozen=True)
class Watched:
    """A run and its state in a word; `trained_here` if the keys of this process steer it."""

    view: RunView
    state: str
    trained_here: bool


ASKED = {"stop": "stop", "checkpoint": "save", "pause": "pause", "resume": "go on"}
"""What another process has been asked and has not taken up yet."""

Scene = NoRun | Preparing | Refused | Watched


class RunWatcher:
    """Follows the training of this process while there is one, else the run that was chosen.

    A run that another process begins is taken up by itself when nothing live is being watched.
    """

    def __init__(
        self, session: TrainingSession, data: DataFolder, chosen: RunFolder | None
    ) -> None:
        self.session = session
        self.data = data
        self.view: RunView | None = None
        self._reader: RunReader | None = None
        self._status: Status | None = None  # the newest of the watched run that could be read
        self._job: Job | None = None  # from when it is first seen until its end was reported
        self._job_seen_at = 0.0
        self._runs_stamp = self._stamp_of_runs()
        self._last: Scene | None = None
        if not session.active:
            self._watch(chosen or next(iter(list_runs(data)), None))

    @property
    def job(self) -> Job | None:
        """The training of this process while it has not ended."""
        return self.session.job if self.session.active else None

    @property
    def run(self) -> RunFolder | None:
        return self._reader.run if self._reader is not None else None

    @property
    def elsewhere(self) -> RunView | None:
        """The watched run, if another process trains it."""
        view, newest = self.view, self.session.job
        if view is None or not view.status.live or self.job is not None:
            return None
        if newest is not None and newest.run == view.run and view.status.pid == os.getpid():
            return None  # it has ended here this moment, and the view has yet to see it
        return view

    def pull(self) -> Scene | None:
        """What is to be shown now; None if it is what the last call returned."""
        scene = self._of_job()
        if scene is None:
            self._look_for_new_run()
            scene = self._of_run()
        if scene == self._last:
            return None
        self._last = scene
        return scene

    def watch(self, run: RunFolder) -> None:
        """Turns to another run, unless this process trains one."""
        if self.job is None and run != self.run:
            self._watch(run)

    def dismiss(self) -> None:
        """Leaves the sentence of a refused training for the run that was watched before."""
        self._last = None

    def _of_job(self) -> Scene | None:
        """The scene of a job without a run folder; None where the folder tells everything."""
        current = self.job
        if current is not None and current is not self._job:
            self._job, self._job_seen_at = current, time.monotonic()
        job = self._job
        if job is None:
            return None
        ended = job.done.is_set()
        if ended:
            self._job = None
        if job.run is not None:
            if job.run != self.run:
                self._watch(job.run)
            return None
        if ended:
            return Refused(_reason(job))
        message = "Stopping" if job.control.stopping() else visible(job.message)
        halves = round(2 * (time.monotonic() - self._job_seen_at)) / 2  # changes twice a second
        return Preparing(message, halves)

    def _of_run(self) -> Scene | None:
        if self._reader is None:
            return self._last if isinstance(self._last, Refused) else NoRun()
        view = self._reader.pull()
        if view is None and isinstance(self._last, Refused):
            return self._last  # the sentence stays until something happens
        self.view = view or self.view
        assert self.view is not None, "the first pull of a reader always finds something"
        job = self.job
        trained_here = job is not None and job.run == self.view.run
        view = self.view
        readable = view.status.state != "unknown"
        self._status = view.status if readable else self._status
        told = readable and view.status.message
        if job is not None and trained_here and job.refusal and not told:
            # Of a full disk the status says nothing of it, of a folder that is gone nothing at all.
            known = self._status or view.status
            status = replace(known, state="paused", message=job.refusal)
            view = replace(view, status=status)
        return Watched(view, self._state(view), trained_here)

    def _state(self, view: RunView) -> str:
        """The run's state in words; what was asked for shows before it has happened."""
        job = self.job
        if job is not None and job.run == view.run and view.status.live:
            if job.control.stopping():
                return "stopping after this step"
            if job.control.paused and view.status.state != "paused":
                return "pausing after this step"
        elif view.status.live and (waiting := waiting_requests(view.run)):
            return f"{view.status.state}, asked to {ASKED[waiting[-1]]}"
        return view.status.state

    def _look_for_new_run(self) -> None:
        if self._job is not None or (self.view is not None and self.view.status.live):
            return
        stamp = self._stamp_of_runs()
        if stamp == self._runs_stamp:
            return
        self._runs_stamp = stamp
        newest = next(iter(list_runs(self.data)), None)
        if newest is not None and newest != self.run:
            status = read_status(newest)
            if status.live or status.state == "unknown":  # the folder comes before the status
                self._watch(newest)

    def _stamp_of_runs(self) -> int:
        try:
            return self.data.runs.stat().st_mtime_ns
        except OSError:  # no run was ever made
            return 0

    def _watch(self, run: RunFolder | None) -> None:
        self.view = None
        self._status = None
        self._reader = RunReader(run) if run is not None else None


def _reason(job: Job) -> str:
    if job.control.stopping():
        return "It was stopped before it began."
    return visible(job.error or "It ended before it began; the log has the details.")
