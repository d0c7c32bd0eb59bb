"""Hands the training of this window to a process in the background, a step at a time.

Runs in a thread: beside the dialog that shows it, or when the terminal is gone.
"""

from __future__ import annotations

import logging
import threading
import time

from minigpt_tui.jobs.detached import Detached, start_detached, wait_until_it_trains
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.session import TrainingSession

POLL_SECONDS = 0.05

log = logging.getLogger(__name__)


class HandOver:
    """One hand-over. The thread writes the attributes, and `done` last; the screen reads them."""

    def __init__(self, session: TrainingSession) -> None:
        assert session.job is not None
        self.session = session
        self.job = session.job
        self.doing = "Finishing the step in hand and writing the checkpoint"
        self.detached: Detached | None = None
        """The process that trains on; None before it does, and where it came to nothing."""
        self.error: str | None = None
        """Why no process trains on, in words. The run is saved."""
        self.done = threading.Event()
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """The training is to go on in this window after all; what has begun is undone."""
        self._cancelled.set()

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    def work(self) -> None:
        """Stops the training of this process and starts it in another; returns when that trains.

        A training that ends by itself meanwhile, or that was cancelled, leaves no process.
        """
        try:
            self._work()
        except CancelledError:
            log.info("The training stays here")
        except ValueError as error:
            log.warning("The training cannot go on in the background: %s", error)
            self.error = str(error)
        except Exception as error:  # a bug must not end the app; the dialog says so
            log.exception("The training could not be handed over")
            self.error = f"{type(error).__name__}: {error}. The log has the details."
        finally:
            self.done.set()

    def _work(self) -> None:
        job = self.job
        while job.phase == "preparing" and not job.done.is_set():
            self.doing = "Preparing the training; it is handed over with its first step"
            if self.cancelled:
                raise CancelledError
            time.sleep(POLL_SECONDS)
        self.doing = "Finishing the step in hand and writing the checkpoint"
        job.control.stop()
        job.done.wait()
        if job.error is not None:
            raise ValueError(job.error)
        assert job.run is not None
        assert job.outcome is not None
        if job.outcome.state != "stopped":  # it has reached its end
            return
        if self.cancelled:
            raise CancelledError
        self.doing = "Starting the process in the background"
        detached = start_detached(job.run, self.session.data)
        wait_until_it_trains(detached, should_stop=self._cancelled.is_set)
        self.detached = detached
        log.info("%s trains on in process %d", visible(job.run.name), detached.pid)
