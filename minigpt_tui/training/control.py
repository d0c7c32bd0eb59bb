"""What another thread may ask of a training: pause, go on, stop, write a checkpoint now."""

from __future__ import annotations

import threading


class Control:
    """Thread-safe and without torch; the trainer looks at it between steps."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._checkpoint = threading.Event()

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    def stop(self) -> None:
        """Ends the training after the step in hand; a paused one as well."""
        self._stop.set()
        self._running.set()

    def request_checkpoint(self) -> None:
        self._checkpoint.set()

    @property
    def paused(self) -> bool:
        return not self._running.is_set()

    def stopping(self) -> bool:
        """Whether a stop was asked for; long work calls this as its `should_stop`."""
        return self._stop.is_set()

    def take_checkpoint_request(self) -> bool:
        """True once for each request."""
        requested = self._checkpoint.is_set()
        self._checkpoint.clear()
        return requested

    def wait_while_paused(self, timeout: float) -> bool:
        """Waits until the training may go on, `timeout` seconds at most; True when it may."""
        return self._running.wait(timeout)
