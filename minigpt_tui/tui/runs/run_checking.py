"""Checks every file of a run in a thread, and keeps what was found for the run's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, get_current_worker

from minigpt_tui.runs.folder import RunFolder

if TYPE_CHECKING:
    from minigpt_tui.jobs.verify import Check


class RunChecking:
    """The last verification. Posts `Found` to its pane with every file; `keep` takes it up."""

    @dataclass
    class Found(Message):
        """What is known of a run so far; `done` after the last of its files."""

        run: RunFolder
        checks: Sequence[Check]
        done: bool

        @property
        def damaged(self) -> list[str]:
            """What of the run is not as it was written."""
            return [check.what for check in self.checks if not check.passed]

    def __init__(self, pane: Widget) -> None:
        self.pane = pane
        self._last: RunChecking.Found | None = None

    def begin(self, run: RunFolder) -> None:
        """Reads the files of a run; a verification that goes on is given up for it."""
        self._last = self.Found(run, (), done=False)
        self.pane.run_worker(
            lambda: self._read(run),
            name="verify",
            group="verify",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def keep(self, found: Found) -> bool:
        """Takes up what was found; False where it is of a run that nobody asks about any more."""
        if self._last is None or self._last.run != found.run:
            return False
        self._last = found
        return True

    def checks_of(self, run: RunFolder) -> Sequence[Check] | None:
        """What was found of a run; None if the last verification was of another."""
        return self._last.checks if self._last is not None and self._last.run == run else None

    def reads(self, run: RunFolder) -> bool:
        """Whether the files of this run are being read."""
        return self._last is not None and self._last.run == run and not self._last.done

    def _read(self, run: RunFolder) -> None:
        from minigpt_tui.jobs.verify import verify_files  # brings torch

        worker: Worker[object] = get_current_worker()
        checks: list[Check] = []
        for check in verify_files(run):
            if worker.is_cancelled:
                return
            checks.append(check)
            self.pane.post_message(self.Found(run, list(checks), done=False))
        self.pane.post_message(self.Found(run, checks, done=True))
