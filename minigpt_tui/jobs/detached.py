"""A training that outlives the window: a headless process of its own that goes on with a run.

It has a session of its own and no terminal, so that neither the end of the window nor a dropped
connection reaches it. What it prints lies in the run folder.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass

from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.lock import refuse_strange_files
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.safe import visible

STARTING_SECONDS = 20.0
"""A process that shows no sign of life for so long is given up."""
ENDING_SECONDS = 20.0
"""So long it may take to save its state when it is ended."""
POLL_SECONDS = 0.05
_TOLD_BYTES = 4096


@dataclass(frozen=True)
class Detached:
    """The process that trains `run`; its child until this process ends, nobody's after that."""

    run: RunFolder
    process: subprocess.Popen[bytes]

    @property
    def pid(self) -> int:
        return self.process.pid


def can_detach() -> bool:
    """Whether a process can outlive its terminal here; on Windows it cannot be counted on."""
    return sys.platform != "win32"


def start_detached(run: RunFolder, data: DataFolder) -> Detached:
    """Starts a process that resumes `run`, whose lock must be free.

    Raises ValueError if the process cannot be started.
    """
    assert can_detach()
    refuse_strange_files(run)
    arguments = ["train", "--resume", run.name, "--data-dir", str(data.root)]
    try:
        with open(run.background_log, "wb") as output:
            process = subprocess.Popen(
                [sys.executable, *path_flags(), "-m", "minigpt_tui", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
    except OSError as error:
        raise ValueError(f"No process can be started: {error.strerror or error}.") from error
    return Detached(run, process)


def wait_until_it_trains(
    detached: Detached,
    should_stop: Callable[[], bool] = lambda: False,
    seconds: float = STARTING_SECONDS,
) -> None:
    """Returns once the process holds the run's lock and has given its first heartbeat.

    Raises ValueError with the reason from its log if it ended before, or showed no sign of life
    for so many `seconds`, and CancelledError if `should_stop`; then no process is left.
    """
    limit = time.monotonic() + seconds
    while True:
        ended = detached.process.poll()
        status = read_status(detached.run)
        if status.pid == detached.pid and status.live:
            return
        if ended == 0:  # little was left to be trained
            return
        if ended is not None:
            raise ValueError(_last_words(detached) or f"It ended at once (exit code {ended}).")
        if should_stop():
            end(detached)
            raise CancelledError
        if time.monotonic() > limit:
            end(detached)
            words = _last_words(detached)
            silent = f"It showed no sign of life for {seconds:.0f} s."
            raise ValueError(f"{silent} Its last words: {words}" if words else silent)
        time.sleep(POLL_SECONDS)


def end(detached: Detached) -> None:
    """Has the process save and end; one that does not is killed."""
    detached.process.terminate()
    try:
        detached.process.wait(ENDING_SECONDS)
    except subprocess.TimeoutExpired:
        detached.process.kill()
        detached.process.wait()


def _last_words(detached: Detached) -> str:
    """The last line of its log, which names the error where there was one."""
    try:
        with open_regular(detached.run.background_log) as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - _TOLD_BYTES))
            lines = file.read().decode("utf-8", "replace").split("\n")
    except OSError:
        return ""
    said = [line.strip() for line in lines if line.strip()]
    return visible(said[-1].removeprefix("minigpt-tui: error: ")) if said else ""


def path_flags() -> list[str]:
    """`-m` would look into the working folder first, where a file may bear a module's name.

    It does so only where this process does: a checkout that is not installed.
    """
    return [] if sys.path and sys.path[0] in ("", os.getcwd()) else ["-P"]
