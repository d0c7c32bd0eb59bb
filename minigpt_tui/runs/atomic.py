"""Files that are either the old version or the new one, never half of either."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Callable
from pathlib import Path

from minigpt_tui.temporary_files import TEMPORARY_SUFFIX, sweep_temporaries, temporary_beside

__all__ = [
    "TEMPORARY_SUFFIX",
    "sweep_temporaries",
    "sync_folder",
    "temporary_beside",
    "write_atomic",
]


def write_atomic(
    path: Path,
    content: bytes | bytearray | memoryview,
    *,
    durable: bool = True,
    verify: Callable[[Path], None] | None = None,
) -> None:
    """Replace the file at `path` by one with `content`, so that no reader ever sees a part of it.

    `durable` waits until the disk has it. `verify` is called with the finished temporary file
    before it takes the old one's place, and raises where the old one had better stay.

    Raises OSError (disk full, no permission) or what `verify` raises; then the old file is
    untouched and the temporary one is gone.
    """
    temporary = temporary_beside(path)
    try:
        # Not mkstemp: its mode 0600 would hide the file from a group that shares the folder.
        with open(temporary, "xb", buffering=0) as file:
            view = memoryview(content).cast("B")
            while view:
                written = file.write(view)
                assert written is not None, "a regular file never blocks"
                view = view[written:]
            if durable:
                os.fsync(file.fileno())
        if verify is not None:
            verify(temporary)
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in `folder`, on the systems that can say so."""
    if os.name == "nt":  # a folder cannot be opened there, and a rename is journalled
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(descriptor)
