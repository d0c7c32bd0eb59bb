"""Where a run stands at this moment: a small file that the trainer rewrites and everyone reads."""

from __future__ import annotations

import dataclasses
import json
import os
import socket
import time
from dataclasses import dataclass

from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.lock import is_locked

LIVE_STATES = frozenset({"preparing", "training", "paused"})
WRITTEN_STATES = LIVE_STATES | {"stopped", "completed", "diverged", "failed"}
# A trainer on another host that has been silent for so long is taken for gone.
HEARTBEAT_SECONDS = 60.0
_MAX_BYTES = 64 * 1024


@dataclass
class Status:
    """The state of a run and its latest figures. Losses are in nats a token, times in seconds.

    `interrupted` and `unknown` are never written, only read: the first is a live state whose owner
    is gone, the second a run without a readable status.
    """

    state: str
    step: int = 0
    total_steps: int = 0
    epoch: int = 0
    epochs: int = 0
    train_loss: float | None = None
    val_loss: float | None = None
    best_val_loss: float | None = None
    tokens_per_second: float = 0.0
    seconds: float = 0.0
    eta_seconds: float | None = None
    message: str = ""
    pid: int = dataclasses.field(default_factory=os.getpid)
    host: str = dataclasses.field(default_factory=socket.gethostname)
    heartbeat: float = dataclasses.field(default_factory=time.time)  # seconds since 1970

    @property
    def live(self) -> bool:
        """Whether someone is at work on the run."""
        return self.state in LIVE_STATES


def write_status(run: RunFolder, status: Status) -> None:
    """Replace `status.json` as it is given, heartbeat included. Raises OSError, and then the old
    one stays.

    Only a final state waits for the disk: a live one is soon rewritten, and loses its meaning with
    the power.
    """
    assert status.state in WRITTEN_STATES, status.state
    text = json.dumps(dataclasses.asdict(status), ensure_ascii=False)
    write_atomic(run.status_file, text.encode("utf-8"), durable=not status.live)


def read_status(run: RunFolder) -> Status:
    """The run's state as of now. Never raises: without a readable file the state is `unknown`.

    A live state becomes `interrupted` when nobody holds the run's lock (this host), or when the
    heartbeat is older than `HEARTBEAT_SECONDS` (another host, whose locks may not show here).
    """
    status = _read(run)
    if status.live and _owner_is_gone(run, status):
        # The owner may have ended in good order between the look at the file and at the lock.
        again = _read(run)
        if again.live and _owner_is_gone(run, again):
            return dataclasses.replace(again, state="interrupted", eta_seconds=None)
        return again
    return status


def _owner_is_gone(run: RunFolder, status: Status) -> bool:
    if status.host == socket.gethostname():
        return not is_locked(run)
    return time.time() - status.heartbeat > HEARTBEAT_SECONDS


def _read(run: RunFolder) -> Status:
    try:
        with open_regular(run.status_file) as file:
            raw = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        return _unknown("There is no status yet.")
    except OSError as error:
        return _unknown(f"The status cannot be read: {error.strerror}.")
    broken = _unknown("The status file is broken.")
    try:
        plain = json.loads(raw) if len(raw) <= _MAX_BYTES else None
    except (ValueError, RecursionError):
        return broken
    if not isinstance(plain, dict):
        return broken
    fields = {field.name: str(field.type) for field in dataclasses.fields(Status)}
    values = {name: value for name, value in plain.items() if name in fields}
    if values.keys() != fields.keys():
        return broken
    if not all(_fits(value, fields[name]) for name, value in values.items()):
        return broken
    if values["state"] not in WRITTEN_STATES:
        return broken
    return Status(**values)


def _fits(value: object, kind: str) -> bool:
    if value is None:
        return "None" in kind
    if isinstance(value, bool):
        return False
    if kind == "str":
        return isinstance(value, str)
    if kind == "int":
        return isinstance(value, int)
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**53)


def _unknown(message: str) -> Status:
    return Status("unknown", message=message, pid=0, host="", heartbeat=0.0)
