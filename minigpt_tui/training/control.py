"""What another thread may ask of a training: to pause, stop, save, measure, or change its plan."""

from __future__ import annotations

import threading
from dataclasses import dataclass


@dataclass(frozen=True)
class Orders:
    """What is asked for at this moment. `stop` and `pause` last; the others are given once."""

    stop: bool = False
    pause: bool = False
    checkpoint: bool = False
    evaluate: bool = False
    lr: float | None = None
    """The peak learning rate from here on."""
    total_steps: int | None = None
    """The run is to end after so many steps."""
    more_minutes: float | None = None
    """The run is to go on for so long from here."""
    end_in_time: int | None = None
    """The steps after which the run's time budget ends it, where that is news; not a wish."""


class Control:
    """Thread-safe and without torch; the trainer looks at it between steps."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._wishes: dict[str, bool | int | float] = {}
        self._lock = threading.Lock()

    def pause(self) -> None:
        self._running.clear()

    def resume(self) -> None:
        self._running.set()

    def stop(self) -> None:
        """Ends the training after the step in hand; a paused one as well."""
        self._stop.set()
        self._running.set()

    def request_checkpoint(self) -> None:
        self._wish("checkpoint", True)

    def request_evaluation(self) -> None:
        self._wish("evaluate", True)

    def set_learning_rate(self, lr: float) -> None:
        """Another peak learning rate; the schedule goes on from it."""
        self._wish("lr", lr)

    def extend(self, *, total_steps: int | None = None, minutes: float | None = None) -> None:
        """Another end of the run: after so many steps in all, or so many minutes from now."""
        if total_steps is not None:
            self._wish("total_steps", total_steps)
        if minutes is not None:
            self._wish("more_minutes", minutes)

    def obey(self, request: str) -> None:
        """One of `runs.requests.KINDS`, in the word that stands in a run folder."""
        match request:
            case "stop":
                self.stop()
            case "checkpoint":
                self.request_checkpoint()
            case "pause":
                self.pause()
            case "resume":
                self.resume()
            case _:
                raise AssertionError(request)

    @property
    def paused(self) -> bool:
        return not self._running.is_set()

    def stopping(self) -> bool:
        """Whether a stop was asked for; long work calls this as its `should_stop`."""
        return self._stop.is_set()

    def take_orders(self) -> Orders:
        """What is asked for; each wish is handed out once."""
        with self._lock:
            wishes, self._wishes = self._wishes, {}
        return Orders(stop=self.stopping(), pause=self.paused, **wishes)  # type: ignore[arg-type]

    def wait_for_stop(self, timeout: float) -> bool:
        """Waits until a stop is asked for, `timeout` seconds at most; True when it is."""
        return self._stop.wait(timeout)

    def wait_while_paused(self, timeout: float) -> bool:
        """Waits until the training may go on, `timeout` seconds at most; True when it may."""
        return self._running.wait(timeout)

    def _wish(self, name: str, value: bool | int | float) -> None:
        with self._lock:
            self._wishes[name] = value
