"""Names of files that are being written, and the removal of those whose writer was killed.

A name tells which process of which host writes the file, so that the next start removes at once
what a dead one left, and never what a living one is at work on.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import shutil
import socket
import time
from functools import cache
from pathlib import Path

# A hidden name with this end belongs to a write in progress, or to one that was killed.
TEMPORARY_SUFFIX = ".tmp"
ABANDONED_SECONDS = 3600.0
"""A file that nobody has touched for so long is given up, whoever wrote it."""

_NAME_LENGTH = 60  # of the name it goes with; the rest must fit into what a system allows
_OWNER = re.compile(r"\.([0-9a-f]{6})-([0-9]{1,10})-[0-9a-f]{12}\.tmp$")


def temporary_beside(path: Path) -> Path:
    """A hidden name in the folder of `path` that nobody else uses."""
    owner = f"{_host()}-{os.getpid()}-{secrets.token_hex(6)}"
    return path.with_name(f".{path.name[:_NAME_LENGTH]}.{owner}{TEMPORARY_SUFFIX}")


def sweep_temporaries(folder: Path, *, older_than: float = ABANDONED_SECONDS) -> list[Path]:
    """Remove what killed writes left in `folder`, and return what was removed.

    Only names that `temporary_beside` makes count (hidden, ending in .tmp), files and folders,
    whose writer is gone, or which nobody has touched for `older_than` seconds. Raises OSError
    where the system refuses.
    """
    return _sweep(sorted(folder.glob(f".*{TEMPORARY_SUFFIX}")), older_than)


def sweep_beside(target: Path) -> list[Path]:
    """Remove what killed writes of a file or folder of this name left beside it.

    For places outside the data folder, where other hidden files are none of ours. Raises OSError.
    """
    own = re.compile(re.escape(f".{target.name[:_NAME_LENGTH]}") + _OWNER.pattern)
    begun = [path for path in target.absolute().parent.iterdir() if own.match(path.name)]
    return _sweep(sorted(begun), ABANDONED_SECONDS)


def _sweep(candidates: list[Path], older_than: float) -> list[Path]:
    removed: list[Path] = []
    for path in candidates:
        try:
            untouched = time.time() - path.lstat().st_mtime
            if untouched < older_than and not _writer_is_gone(path.name):
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        except FileNotFoundError:  # its owner was faster
            continue
        removed.append(path)
    return removed


def _writer_is_gone(name: str) -> bool:
    """Whether the process that a name tells of was one of this host, and runs no more."""
    owner = _OWNER.search(name)
    if owner is None or owner[1] != _host() or os.name == "nt":  # there a signal 0 ends a process
        return False
    try:
        os.kill(int(owner[2]), 0)
    except ProcessLookupError:
        return True
    except (OSError, OverflowError):  # it belongs to somebody else
        return False
    return False


@cache
def _host() -> str:
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:6]
