"""The one training that this process runs: started, steered and watched from the screen.

The training thread writes into a `TrainingSession` and never touches a widget; the screen pulls.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.requests import write_request
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Diagnosed, Event, Paused, Preparing, Resumed, Started

if TYPE_CHECKING:
    from minigpt_tui.jobs.drive import Outcome

log = logging.getLogger(__name__)

NOTHING_DONE = "Stopped before the first step; nothing was written."


@dataclass
class Job:
    """One training of this process, from the key press to its end."""

    title: str
    control: Control
    done: threading.Event
    phase: str = "preparing"
    """preparing, training or ended."""
    message: str = "Starting"
    run: RunFolder | None = None
    outcome: Outcome | None = None
    error: str | None = None
    """What went wrong, in words for the user; the log has the trace."""
    warnings: tuple[str, ...] = ()
    refusal: str = ""
    """Why the training stands still of itself, while it does: it cannot write."""
    findings: list[Diagnosed] = field(default_factory=list)
    """What the training's diagnosis has found, the newest last."""

    def on_event(self, event: Event) -> None:
        """Called in the training thread."""
        if isinstance(event, Preparing):
            self.message = event.message
        elif isinstance(event, Started):
            self.run = RunFolder(Path(event.run_path))
            self.title = event.run_name
            self.warnings = event.warnings
            self.phase = "training"
        elif isinstance(event, Paused):
            self.refusal = event.reason
        elif isinstance(event, Resumed):
            self.refusal = ""
        elif isinstance(event, Diagnosed):
            self.findings.append(event)


class TrainingSession:
    """At most one job at a time; torch's state and the processor belong to it."""

    def __init__(self, data: DataFolder) -> None:
        self.data = data
        self.job: Job | None = None

    @property
    def active(self) -> bool:
        """Whether a job has begun and not ended, pauses included."""
        return self.job is not None and not self.job.done.is_set()

    def new(
        self, config: RunConfig, name: str | None, start_from: Path | None = None
    ) -> Callable[[], None]:
        """Registers a new run as the job and returns the work for the training thread.

        `start_from` is a checkpoint whose weights, shape and vocabulary it begins with.
        """

        def work(job: Job) -> Outcome:
            from minigpt_tui.jobs.train import train_new
            from minigpt_tui.runs.checkpoint import load_checkpoint

            start = None if start_from is None else load_checkpoint(start_from)
            return train_new(
                config, self.data, job.control, name=name, on_event=job.on_event, start_from=start
            )

        return self._register(name or "new run", work)

    def resumed(
        self, run: RunFolder, changes: Mapping[str, Any] | None = None
    ) -> Callable[[], None]:
        """Registers the continuation of a run and returns the work for the training thread.

        `changes` are those of `training.extension.Extension`, for a run that is to go further.
        """

        def work(job: Job) -> Outcome:
            from minigpt_tui.jobs.train import train_resumed
            from minigpt_tui.training.extension import Extension

            extension = Extension(**changes) if changes else None
            return train_resumed(
                run, self.data, job.control, extension=extension, on_event=job.on_event
            )

        return self._register(run.name, work)

    def stop(self) -> None:
        if self.job is not None:
            self.job.control.stop()

    def trains(self, run: RunFolder) -> bool:
        """Whether this process trains the run."""
        return self.active and self.job is not None and self.job.run == run

    def ask(self, run: RunFolder, kind: str) -> None:
        """Has the training of a run do one of `runs.requests.KINDS`: this process's by its
        control, another's through the run folder.

        Raises ValueError if nobody trains the run, or if its folder cannot be written.
        """
        if not self.trains(run):
            write_request(run, kind)
            return
        assert self.job is not None
        self.job.control.obey(kind)

    def _register(self, title: str, work: Callable[[Job], Outcome]) -> Callable[[], None]:
        if self.active:
            raise ValueError("A training is running. Stop it before another begins.")
        job = self.job = Job(title=title, control=Control(), done=threading.Event())

        def run() -> None:
            from minigpt_tui.jobs.train import lower_priority

            try:
                lower_priority()
                job.outcome = work(job)
                job.message = job.outcome.message
            except CancelledError:
                job.error = NOTHING_DONE
            except ValueError as error:
                job.error = str(error)
            except OSError as error:
                log.exception("The training could not go on")
                job.error = f"{error.strerror or error}: {error.filename or self.data.root}"
            except Exception as error:  # a bug must end the job, not the app
                log.exception("The training failed")
                job.error = f"{type(error).__name__}: {error}. The log has the details."
            finally:
                job.phase = "ended"
                job.done.set()

        def run_in_own_thread() -> None:
            # Textual lends its threads to later work, and a lowered priority cannot be raised
            # again: so the training gets a thread that ends with it.
            thread = threading.Thread(target=run, name="training")
            thread.start()
            thread.join()

        return run_in_own_thread
