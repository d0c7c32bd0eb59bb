"""Reads all runs in a thread, over and over, and tells of what changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.manage import DeletedRun, deleted_runs
from minigpt_tui.runs.summary import RunsReader, RunSummary
from minigpt_tui.tui.pace import PULL_SECONDS

log = logging.getLogger(__name__)

FAULT_SECONDS = 5.0
"""The pause when the disk refuses."""


class RunsWatcher:
    """`tell` gets all runs and what lies in the trash, `fail` a sentence; both in the thread."""

    def __init__(
        self,
        data: DataFolder,
        tell: Callable[[list[RunSummary], list[DeletedRun]], object],
        fail: Callable[[str], object],
    ) -> None:
        self.data = data
        self.tell = tell
        self.fail = fail
        self.pause = PULL_SECONDS
        self._wake = threading.Event()
        self._closed = False

    def look(self) -> None:
        """Has the disk looked at now: somebody has just changed something there."""
        self._wake.set()

    def close(self) -> None:
        self._closed = True
        self._wake.set()

    def watch(self) -> None:
        """To be called in a thread of its own; returns when it is closed."""
        reader = RunsReader(self.data)
        told = ""
        while not self._closed:
            look = self._wake.is_set()
            self._wake.clear()
            pause = self.pause
            try:
                for summaries in reader.pull(look=look):
                    if self._closed:
                        return
                    self.tell(summaries, deleted_runs(self.data))
                told = ""
            except OSError as error:
                fault = f"{error.strerror}: {error.filename}"
                if fault != told:  # a fault that lasts is told once
                    log.exception("The runs cannot be listed")
                    self.fail(fault)
                told, pause = fault, FAULT_SECONDS
            self._wake.wait(pause)
