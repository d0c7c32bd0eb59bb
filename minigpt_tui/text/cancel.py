"""How long work on a text is called off: a question asked between pieces, and one exception."""

from __future__ import annotations

from collections.abc import Callable

ShouldStop = Callable[[], bool] | None


class CancelledError(Exception):
    """The work was called off before it was done; nothing half-finished is left behind."""


def check_cancelled(should_stop: ShouldStop) -> None:
    """Raise CancelledError if the one who asked for the work no longer wants it."""
    if should_stop is not None and should_stop():
        raise CancelledError
