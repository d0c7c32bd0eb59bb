"""Stopping the workbench from the shell and going on with it (`kill -TSTP`, `fg`).

Textual does it inside a signal handler. There it may meet its own writer in the middle of a write
and wait for it for ever; a CONT without a TSTP before starts a second reader of the keyboard, and
leaves the terminal in raw mode at the end; and the screen is not painted anew. So the event loop
does it, between two events. The training stops and goes on with the process and loses nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys

from textual.app import App


def suspend_between_events(app: App[None]) -> None:
    """To be called in the event loop once the screen is up; not for Windows."""
    loop = asyncio.get_running_loop()

    def suspend() -> None:
        with app.suspend():
            _stop()
            while not _in_foreground():  # `bg`: there is nothing to be done there
                _stop()

    def resume() -> None:
        if _in_foreground() and _is_cooked():  # after a STOP, of which nobody is told
            with app.suspend():
                pass
        app.refresh(layout=True)

    loop.add_signal_handler(signal.SIGTSTP, suspend)
    loop.add_signal_handler(signal.SIGCONT, resume)


def _stop() -> None:
    """Returns when the process has been continued."""
    os.kill(os.getpid(), signal.SIGSTOP)


def _is_cooked() -> bool:
    """Whether the shell has the terminal gather lines, which no key gets through to us."""
    import termios

    try:
        return bool(termios.tcgetattr(_terminal())[3] & termios.ICANON)
    except termios.error:
        return False


def _in_foreground() -> bool:
    try:
        return os.tcgetpgrp(_terminal()) == os.getpgrp()
    except OSError:  # the terminal is gone: the hang-up that comes with it ends the process
        return True


def _terminal() -> int:
    assert sys.__stdin__ is not None
    return sys.__stdin__.fileno()
