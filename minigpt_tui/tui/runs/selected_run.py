"""Follows the run that is selected in the list: gathers what its page says."""

from __future__ import annotations

import logging

from minigpt_tui.runs.checkpoint_files import CheckpointFile, checkpoint_files
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.requests import waiting_requests
from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_checking import RunChecking
from minigpt_tui.tui.runs.run_page import Details
from minigpt_tui.tui.runs.run_view import RunReader, RunView
from minigpt_tui.tui.session import TrainingSession

log = logging.getLogger(__name__)


class SelectedRun:
    """Used from the screen's thread, a few times a second; reads only what changed."""

    def __init__(self, session: TrainingSession, checking: RunChecking) -> None:
        self.session = session
        self.checking = checking
        self._reader: RunReader | None = None
        self._view: RunView | None = None
        self._checkpoints: tuple[object, list[CheckpointFile]] = ((), [])

    def pull(self, summary: RunSummary, marked: RunSummary | None) -> Details:
        """What there is to say of a run now."""
        run = summary.run
        if self._reader is None or self._reader.run != run:
            self._reader, self._view = RunReader(run), None
            self._checkpoints = ((), [])
        self._view = self._reader.pull() or self._view
        assert self._view is not None, "the first pull of a reader always finds something"
        return Details(
            summary,
            self._view,
            self._checkpoints_of(run),
            marked,
            self.checking.checks_of(run),
            checking=self.checking.reads(run),
            waiting=waiting_requests(run) if self._view.status.live else [],
            trained_here=self.session.trains(run),
        )

    def _checkpoints_of(self, run: RunFolder) -> list[CheckpointFile]:
        """Read again when a file was replaced."""
        try:
            stamp = [(path, path.stat().st_mtime_ns) for path in run.checkpoints()]
            if stamp != self._checkpoints[0]:
                self._checkpoints = stamp, []
                self._checkpoints = stamp, checkpoint_files(run)
        except (ValueError, OSError) as error:  # the page names what of the run is broken
            log.warning("The checkpoints of %s cannot be listed: %s", visible(run.name), error)
        return self._checkpoints[1]
