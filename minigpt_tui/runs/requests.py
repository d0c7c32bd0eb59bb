"""What another process may ask of a training, through its run folder.

A request is an empty file whose name says everything, in the folder `requests` of the run. The
process that trains takes them about once a second: it moves the whole folder aside in one rename,
so that each request is taken once, and whatever else lies there is gone with it.
"""

from __future__ import annotations

import contextlib
import logging
import os
import re
import secrets
import shutil
import stat
import time
from pathlib import Path

from minigpt_tui.runs.atomic import temporary_beside
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.safe import visible

KINDS = ("stop", "checkpoint", "pause", "resume")
MAX_REQUESTS = 100

_NAME = re.compile(rf"[0-9]{{20}}-({'|'.join(KINDS)})-[0-9a-f]{{8}}")
_TRIES = 20  # the folder may be taken while a request is being put into it

log = logging.getLogger(__name__)


def write_request(run: RunFolder, kind: str) -> Path:
    """Asks the process that trains `run` for one of `KINDS`; returns what `withdraw` takes back.

    Raises ValueError if nobody trains the run, or if its folder cannot be written.
    """
    assert kind in KINDS, kind
    if not read_status(run).live:
        raise ValueError(f"Nobody is training {visible(run.name)} now.")
    name = f"{time.time_ns():020d}-{kind}-{secrets.token_hex(4)}"
    folder = requests_folder(run)
    for _ in range(_TRIES):
        try:
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
            (folder / name).touch(exist_ok=False)
        except FileNotFoundError:  # taken this moment, or the run is gone
            continue
        except OSError as error:
            raise ValueError(
                f"Cannot ask the training of {visible(run.name)}: {error.strerror}."
            ) from error
        return folder / name
    raise ValueError(f"The run {visible(run.name)} does not exist any more.")


def withdraw(request: Path) -> bool:
    """Takes a request back; False if the training has taken it already."""
    try:
        request.unlink()
    except OSError:
        return False
    return True


def waiting_requests(run: RunFolder) -> list[str]:
    """The kinds that have been asked for and not been taken yet, the oldest first."""
    try:
        names = sorted(os.listdir(requests_folder(run)))
    except OSError:  # nothing was asked for
        return []
    return [match[1] for name in names if (match := _NAME.fullmatch(name))]


def take_requests(run: RunFolder) -> list[str]:
    """The kinds that others have asked for since the last call, the oldest first; each once.

    For the process that holds the run's lock. A request that is older than its ownership is
    dropped: a stop that came too late for one training must not end the next. So is what is no
    request; the log names both. Never raises: a folder that cannot be read is named in the log.
    """
    taken = temporary_beside(requests_folder(run))
    try:
        os.rename(requests_folder(run), taken)
    except FileNotFoundError:
        return []
    except OSError as error:
        log.warning("The requests to %s cannot be read: %s", visible(run.name), error)
        return []
    try:
        owned_since = run.owner_file.stat().st_mtime_ns
        return _requests_in(taken, owned_since)
    except OSError as error:
        log.warning("The requests to %s are dropped: %s", visible(run.name), error)
        return []
    finally:
        _remove(taken)


def requests_folder(run: RunFolder) -> Path:
    return run.path / "requests"


def _requests_in(folder: Path, owned_since: int) -> list[str]:
    """The valid requests. Their times are the file system's, as is the owner's: one clock."""
    kinds = []
    names = sorted(os.listdir(folder))
    for name in names[:MAX_REQUESTS]:
        match = _NAME.fullmatch(name)
        status = os.lstat(folder / name)
        if match is None or not stat.S_ISREG(status.st_mode):
            log.warning("Not a request: %s", visible(name))
        elif status.st_mtime_ns < owned_since:
            log.info("The request to %s is older than this training and is dropped.", match[1])
        else:
            kinds.append(match[1])
    if len(names) > MAX_REQUESTS:
        log.warning("%d requests at once are too many; the later are dropped.", len(names))
    return kinds


def _remove(folder: Path) -> None:
    with contextlib.suppress(OSError):  # a later start of the run sweeps it
        if folder.is_dir() and not folder.is_symlink():
            shutil.rmtree(folder)
        else:
            folder.unlink()
