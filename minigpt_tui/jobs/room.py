"""A disk that refuses: the training stands still, says what is missing, and goes on when it can.

While a write is waited for, the trainer takes no step, so that nothing is lost and nothing is done
twice: the write is tried again until it succeeds, or until somebody stops the training.
"""

from __future__ import annotations

import errno
import logging
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from minigpt_tui.planning.memory import memory_in_words
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.requests import take_requests
from minigpt_tui.temporary_files import sweep_temporaries
from minigpt_tui.text.safe import visible
from minigpt_tui.training.control import Control

RETRY_SECONDS = 2.0

_FULL = (errno.ENOSPC, errno.EDQUOT)
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)

log = logging.getLogger(__name__)
T = TypeVar("T")

Tell = Callable[[str | None], None]
"""Told why the training stands still, whenever it is tried in vain; None when it goes on."""


class Room:
    """Does the writes of one training, each as often as it takes.

    `stood_still` is told how many seconds that took beyond the first try.
    """

    def __init__(
        self, run: RunFolder, control: Control, tell: Tell, stood_still: Callable[[float], None]
    ) -> None:
        self.run = run
        self.control = control
        self.tell = tell
        self.stood_still = stood_still
        self.standing = False
        """Whether the training stands still, and that has been told."""

    def write(self, write: Callable[[], T], needed: int = 0) -> T:
        """What `write` returns, once it succeeds. It must leave everything as it was if it fails.

        It fails by an OSError, or by a ValueError that puts one into words. `needed` are the bytes
        that it takes, where that is much. Raises the OSError of the last try when the training is
        stopped meanwhile. One that was stopped before is waited for all the same: what it has
        learned since its last checkpoint would be lost.
        """
        try:
            return write()
        except (OSError, ValueError) as error:
            refusal = _refusal(error)
        began = time.monotonic()
        saves_what_is_left = self.control.stopping()
        try:
            log.warning("%s", self._in_words(refusal, needed))
            while saves_what_is_left or not self.control.stopping():
                self.tell(self._in_words(refusal, needed))
                self.standing = True
                if saves_what_is_left:
                    time.sleep(RETRY_SECONDS)
                else:
                    self.control.wait_for_stop(RETRY_SECONDS)
                for request in take_requests(self.run):
                    self.control.obey(request)
                if refusal.errno in _FULL and self._free() < needed:
                    continue
                try:
                    written = write()
                except (OSError, ValueError) as error:
                    refusal = _refusal(error)
                else:
                    with suppress(OSError):  # what was begun in vain may have come back with it
                        sweep_temporaries(self.run.path, older_than=RETRY_SECONDS / 2)
                    log.info("There is room again: the training goes on.")
                    self.tell(None)
                    return written
            raise refusal
        finally:
            self.standing = False
            self.stood_still(time.monotonic() - began)

    def _in_words(self, refusal: OSError, needed: int) -> str:
        """What is wrong, how much is needed, and that the training goes on by itself."""
        folder = visible(str(self.run.path))
        size = memory_in_words(needed) if needed else "a few kB"
        goes_on = "The training waits, keeps its last checkpoint, and goes on by itself"
        if refusal.errno == errno.ENOSPC:
            free = memory_in_words(self._free())
            return (
                f"The disk of {folder} is full: {size} are needed and {free} are free. "
                f"{goes_on} when there is room."
            )
        if refusal.errno == errno.EDQUOT:
            return (
                f"Your share of the disk of {folder} is used up: {size} are needed. "
                f"{goes_on} when there is room."
            )
        if refusal.errno == errno.EFBIG:
            return (
                f"The system lets no file in {folder} become larger (see ulimit -f): {size} are "
                f"needed. {goes_on} when it does."
            )
        if refusal.errno == errno.ENOENT:
            return f"{folder} is gone, and {size} are to be written. {goes_on} when it is back."
        if refusal.errno in _FORBIDDEN:
            return (
                f"{folder} can no longer be written to ({refusal.strerror}); {size} are needed. "
                f"{goes_on} when it can."
            )
        return f"{folder}: {refusal.strerror or refusal}. {goes_on} when that is mended."

    def _free(self) -> int:
        """Free bytes for this user; much where the system does not say."""
        try:
            return shutil.disk_usage(self.run.path).free
        except OSError:
            return 2**63


def _refusal(error: OSError | ValueError) -> OSError:
    """What the system refused, also where a sentence was made of it. Raises any other error."""
    cause = error if isinstance(error, OSError) else error.__cause__
    if not isinstance(cause, OSError):
        raise error
    return cause
