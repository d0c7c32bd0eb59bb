"""What signals do to the workbench: TERM and INT close it, HUP says that its terminal is gone.

A terminal can also go without a signal: its emulator is killed, and it was nobody's controlling
terminal, or it is a page in a browser. So a thread waits for the terminal's own hang-up, too.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import signal
import sys
import threading
from typing import TYPE_CHECKING

from minigpt_tui.jobs.detached import can_detach
from minigpt_tui.web.child import in_browser

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench

log = logging.getLogger("minigpt_tui")


class Signals:
    """The first closes the screen and has the training saved or handed over.

    A second INT or TERM ends the process at once. HUP never does: when a connection drops it
    comes two or three times, from the system and from the shell.
    """

    def __init__(self, app: Workbench) -> None:
        self.app = app
        self.received: int | None = None
        """The number of the signal that came."""
        self.hung_up = False
        """Whether the terminal is gone; then a thread ends the process, and nobody else."""
        self._gone = threading.Lock()
        """Taken by whoever learns first that the terminal is gone."""
        self.loop: asyncio.AbstractEventLoop | None = None

    def install(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        for number in (signal.SIGINT, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._close, number)
            except NotImplementedError:  # Windows has no such handlers in its event loop
                signal.signal(number, lambda received, frame: self._close(received))
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            # Not the loop's handler: without a terminal Textual's writer blocks, and the loop
            # may never come to run it.
            signal.signal(signal.SIGHUP, lambda received, frame: self._hang_up())
        if hasattr(select, "poll") and (os.isatty(0) or in_browser()):
            threading.Thread(target=self._watch_terminal, name="terminal", daemon=True).start()

    def _close(self, number: int) -> None:
        if self.received in (signal.SIGINT, signal.SIGTERM):
            os._exit(128 + number)
        self.received = number
        if self.hung_up:
            return
        if not self.app.leaving.handing_over:
            self.app.session.stop()
        self.app.exit()

    def _watch_terminal(self) -> None:
        """Waits for the hang-up of the terminal; reading from it would spin from then on."""
        poll = select.poll()
        poll.register(0, 0)  # nothing but a hang-up, an error, or a system that cannot tell
        if any(what & select.POLLHUP for _, what in poll.poll()):
            self._hang_up()

    def _hang_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for descriptor in (1, 2, _terminal_descriptor()):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)
        if not self._gone.acquire(blocking=False):
            return
        self.received, self.hung_up = self.received or signal.SIGHUP, True
        self.app.queue.held = True  # nothing begins on the way out
        # The screen may hang on the lost terminal, so a thread of its own ends the process.
        threading.Thread(target=self._end_without_screen, name="hang-up", daemon=True).start()
        if self.loop is not None:
            self.loop.call_soon_threadsafe(self.app.exit)

    def _end_without_screen(self) -> None:
        """Lets the training go on in the background, or saves it; then ends the process."""
        assert self.received is not None
        try:
            self.app.remember()
            self._let_go()
        except Exception:  # the process must end all the same; the log has the reason
            log.exception("The connection dropped, and not everything could be done")
        finally:
            os._exit(128 + self.received)

    def _let_go(self) -> None:
        session, job = self.app.session, self.app.session.job
        if self.app.leaving.handing_over:
            assert self.app.leaving.hand_over is not None
            self.app.leaving.hand_over.done.wait()
            return
        if job is None or not session.active:
            return
        from minigpt_tui.tui.trainings.hand_over import HandOver

        # Somebody who paused a training does not want it to go on without him.
        wanted = self.app.remembered.on_hangup != "stop" and not job.control.paused
        if wanted and can_detach() and not job.control.stopping():
            log.info("The connection dropped: the training is handed over to the background")
            HandOver(session).work()
            return
        log.info("The connection dropped: the training is saved")
        session.stop()
        job.done.wait()


def _terminal_descriptor() -> int:
    assert sys.__stderr__ is not None
    return sys.__stderr__.fileno()
