"""`minigpt-tui` without a command: opens the workbench and leaves it in good order.

Textual draws on the descriptor of standard error. While the screen runs, that descriptor is a
copy of the terminal, and descriptor 2 itself points at the log: a native library's warning then
lands in the log instead of tearing the screen.
"""

from __future__ import annotations

import argparse
import asyncio
import codecs
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING

from minigpt_tui.commands.demo import demo_folder
from minigpt_tui.commands.signals import Signals
from minigpt_tui.log_file import LogFile
from minigpt_tui.paths import DataFolder, data_folder
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.training.freed_memory import keep_freed_memory
from minigpt_tui.web.child import in_browser

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench

log = logging.getLogger("minigpt_tui")


def workbench(arguments: argparse.Namespace) -> int:
    """Opens the workbench; returns when it is closed and the training's state is saved."""
    at_a_terminal = sys.stdin.isatty() and sys.stdout.isatty() and sys.stderr.isatty()
    if not at_a_terminal and not in_browser():
        raise ValueError(
            "The workbench needs a terminal. Without one, use a command: minigpt-tui --help."
        )
    if arguments.demo:
        if arguments.data_dir:
            raise ValueError("--demo makes a data folder of its own; leave out --data-dir.")
        with demo_folder() as data:
            return _open(data, shown_run=list_runs(data)[0])
    return _open(data_folder(arguments.data_dir).ready())


def _open(data: DataFolder, shown_run: RunFolder | None = None) -> int:
    """Runs the workbench on a data folder, on the Train pane if it is to show a run."""
    _tolerate_foreign_bytes()
    _ask_the_terminal_for_its_size()
    keep_freed_memory()
    # Textual paints at the next tick of this clock after something changed, so that at its own 60
    # a key waits up to 17 ms for it. It paints no more often: the screen changes when it changes.
    os.environ.setdefault("TEXTUAL_FPS", "120")
    with _standard_error_in_log(data):
        from minigpt_tui.tui.app import Workbench
        from minigpt_tui.tui.collector import sparing_collections

        app = Workbench(data, with_tour=not data.settings.exists())
        if shown_run is not None:
            app.shown_run, app.run_first = shown_run, True
            app.remembered.pane = "train"
        with sparing_collections():
            return asyncio.run(_run(app))


async def _run(app: Workbench) -> int:
    """Runs the app, then lets the training thread finish its step and its checkpoint."""
    signals = Signals(app)
    signals.install(asyncio.get_running_loop())
    await app.run_async()
    while signals.hung_up:  # its thread ends the process
        await asyncio.sleep(0.05)
    app.remember()
    session = app.session
    hand_over = app.leaving.hand_over
    if app.leaving.handing_over:
        assert hand_over is not None
        _say("Handing the training over to the background…")
        while not hand_over.done.is_set():
            await asyncio.sleep(0.05)
    elif session.active:
        session.stop()
        _say("Saving the training…")
        refusal = ""
        while session.active:
            if session.job is not None and session.job.refusal != refusal:
                refusal = session.job.refusal
                _say(f"{refusal} ctrl+c twice gives it up." if refusal else "Going on.")
            await asyncio.sleep(0.05)
    job = session.job
    if hand_over is not None and hand_over.job is job and hand_over.detached is not None:
        pid = hand_over.detached.pid
        _say(f"{job.title} trains on in the background (pid {pid}). See it: minigpt-tui")
    elif job is not None:
        if signals.received is not None and hand_over is not None and hand_over.error:
            _say(f"{job.title} does not train in the background: {hand_over.error}")
        if job.error:
            _say(f"{job.title}: {job.error}")
        elif job.run is not None and job.outcome is not None and job.outcome.state == "stopped":
            _say(f"Saved. Go on with it: minigpt-tui train --resume {job.run.name}")
    if signals.received is not None:
        return 128 + signals.received
    return app.return_code or 0


def _tolerate_foreign_bytes() -> None:
    """Reads a byte that is no UTF-8 (a Latin-1 terminal, a pasted file) as a stand-in.

    Textual decodes the keyboard strictly, and its input thread ends the program at such a byte.
    """
    if sys.platform == "win32":
        return
    from textual.drivers import linux_driver

    def tolerant(encoding: str) -> Callable[[], codecs.IncrementalDecoder]:
        return partial(codecs.getincrementaldecoder(encoding), errors="replace")

    setattr(linux_driver, "getincrementaldecoder", tolerant)  # noqa: B010 - typed otherwise


def _ask_the_terminal_for_its_size() -> None:
    """A shell that exports COLUMNS and LINES would hold the screen at that size for good.

    A page in a browser has no other way to say its first size.
    """
    if in_browser():
        return
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


def _say(text: str) -> None:
    print(text, file=sys.__stderr__, flush=True)


@contextmanager
def _standard_error_in_log(data: DataFolder) -> Iterator[None]:
    """Points descriptor 2 at the log, and `sys.__stderr__` at a copy of the terminal."""
    handler = LogFile(data.log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    log.propagate = False
    sys.stderr.flush()
    terminal = os.dup(2)
    screen = open(terminal, "w", encoding="utf-8", errors="replace")  # noqa: SIM115 - outlives us
    stderr, original = sys.stderr, sys.__stderr__
    setattr(sys, "__stderr__", screen)  # noqa: B010 - Textual draws on it; typed as final
    sys.stderr = screen
    with open(data.log, "ab") as log_file:
        os.dup2(log_file.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(terminal, 2)
        setattr(sys, "__stderr__", original)  # noqa: B010
        sys.stderr = stderr
        log.removeHandler(handler)
        handler.close()
