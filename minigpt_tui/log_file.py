"""The log of a run or of the workbench: it may be lost without anything else being lost."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path


class LogFile(logging.FileHandler):
    """Appends to a file. What a full disk refuses is dropped, and the screen stays as it is."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", errors="backslashreplace", delay=True)

    def emit(self, record: logging.LogRecord) -> None:
        try:
            super().emit(record)
        except OSError:  # the file cannot be opened
            self.handleError(record)

    def close(self) -> None:
        with contextlib.suppress(OSError):  # what was refused is tried once more
            super().close()

    def handleError(self, record: logging.LogRecord) -> None:
        """Drops the line: the default would print a traceback into the middle of the screen."""
