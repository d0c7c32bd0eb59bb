"""One owner for each run: who holds its lock trains it, and everyone can ask whether anyone does.

The lock is the system's own on an open file, so it ends with the process that holds it, however
that process ends; a lock file left behind means nothing.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.safe import visible

# Looking at a lock takes it for an instant on some systems: one who comes to own it tries again.
_PATIENCE_SECONDS = 0.5
_MAX_OWNER_BYTES = 4096

# What this process holds. Asked first, because on network file systems a second descriptor of the
# same process would be let in, and closing it would drop the lock.
_held: set[Path] = set()
_held_guard = threading.Lock()


@contextmanager
def run_lock(run: RunFolder) -> Iterator[None]:
    """Own the run for the length of a `with` block.

    Raises ValueError if another process, or another thread of this one, owns it, or if the folder
    cannot be written.
    """
    import filelock  # 15 ms that readers need not pay

    key = run.path.resolve()
    with _held_guard:
        if key in _held:
            raise ValueError(f"The run {visible(run.name)} is being trained by this process.")
        _held.add(key)
    try:
        if not run.path.is_dir():
            raise ValueError(f"The run {visible(run.name)} does not exist any more.")
        refuse_strange_files(run)
        lock = filelock.FileLock(run.lock_file, thread_local=False)
        try:
            lock.acquire(timeout=_PATIENCE_SECONDS, poll_interval=0.02)
        except filelock.Timeout:
            raise ValueError(
                f"The run {visible(run.name)} is being trained by another process{_owner(run)}. "
                "Stop it there, or wait until it ends."
            ) from None
        except OSError as error:
            raise ValueError(
                f"Cannot lock the run {visible(run.name)}: {error.strerror or error}."
            ) from error
        try:
            who = {"pid": os.getpid(), "host": socket.gethostname()}
            write_atomic(run.owner_file, json.dumps(who).encode(), durable=False)
            yield
        finally:
            with contextlib.suppress(OSError):  # the name of an owner without a lock says nothing
                run.owner_file.unlink(missing_ok=True)
            lock.release()
    finally:
        with _held_guard:
            _held.discard(key)


def refuse_strange_files(run: RunFolder) -> None:
    """Raises ValueError unless the files that a training appends to are files of the folder itself.

    A run may have come in an archive of somebody else's. A link in it would have the training write
    wherever it leads, and a pipe would have it wait.
    """
    for path in (
        run.metrics_file,
        run.evaluations_file,
        run.events_file,
        run.samples_file,
        run.probes_file,
        run.log_file,
        run.background_log,
        run.lock_file,
    ):
        try:
            mode = path.lstat().st_mode
        except OSError:  # it is not there yet, or the one who opens it says what is wrong
            continue
        if not stat.S_ISREG(mode):
            what = "a link that leads elsewhere" if stat.S_ISLNK(mode) else "not a regular file"
            raise ValueError(
                f"{visible(str(path))} is {what}. A training would write into it: remove it first."
            )


def is_locked(run: RunFolder) -> bool:
    """Whether anyone owns the run now. Neither disturbs the owner nor writes anything.

    A file that cannot be opened is taken as not locked.
    """
    with _held_guard:
        if run.path.resolve() in _held:
            return True
    try:
        import fcntl
    except ImportError:  # Windows
        return _is_locked_by_trying(run)
    try:
        descriptor = os.open(run.lock_file, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:  # never locked, or the folder is gone
        return False
    try:
        # Shared, so that two who look at the same time do not take each other for the owner.
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)  # and with it the shared lock
    return False


def _is_locked_by_trying(run: RunFolder) -> bool:
    import filelock

    if not run.lock_file.is_file():
        return False
    try:
        with filelock.FileLock(run.lock_file, timeout=0):
            return False
    except (filelock.Timeout, OSError):
        return True


def _owner(run: RunFolder) -> str:
    """` (pid 123 on host)`, as far as the owner wrote it down."""
    try:
        with open_regular(run.owner_file) as file:
            who = json.loads(file.read(_MAX_OWNER_BYTES))
    except (OSError, ValueError, RecursionError):
        return ""
    if not isinstance(who, dict) or not isinstance(who.get("pid"), int):
        return ""
    host = who.get("host")
    elsewhere = isinstance(host, str) and host != socket.gethostname()
    return f" (pid {who['pid']} on {visible(str(host))})" if elsewhere else f" (pid {who['pid']})"
