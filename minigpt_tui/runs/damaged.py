"""The error for files of a run that were whole once and are not any more."""

from __future__ import annotations


class DamagedError(ValueError):
    """A file cannot be used as it is. The question was right, so the exit code is another one."""
