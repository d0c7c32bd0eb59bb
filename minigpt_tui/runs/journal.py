"""Things that happen seldom, one JSON object a line: the events and the samples of a run.

A line ends with a checksum of what stands before it, so that a changed byte shows.
"""

from __future__ import annotations

import json
import os
import re
import threading
import zlib
from pathlib import Path
from typing import Any

from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.safe import visible

# Far beyond what a run writes; a larger file is read from here to its end.
MAX_BYTES = 16 * 1024 * 1024

_CHECK = re.compile(rb', "check": "([0-9a-f]{8})"\}\Z')

_appending = threading.Lock()  # the screen's thread and the trainer's may both have news


def append_line(path: Path, line: dict[str, Any]) -> None:
    """Add one object at the end of the file, and wait until the disk has it.

    What a killed process left of a line is cut first. Raises OSError; then the file is as before.
    """
    text = as_line(line)
    with _appending, open(path, "a+b", buffering=0) as file:
        end = _end_of_last_line(file.fileno())
        file.truncate(end)
        try:
            view = memoryview(text)
            while view:
                view = view[file.write(view) or 0 :]
            os.fsync(file.fileno())
        except OSError:
            file.truncate(end)
            raise


def as_line(line: dict[str, Any]) -> bytes:
    """An object as it stands in a file, with its checksum and the line feed."""
    text = json.dumps(line, ensure_ascii=False).encode("utf-8", "surrogatepass")
    assert line
    assert "check" not in line
    content = text[:-1]
    return content + f', "check": "{zlib.crc32(content):08x}"}}\n'.encode()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The objects in the file, the oldest first; empty without a file.

    A last line without its end is not read: it is being written, or its writer was killed. Of a
    file beyond `MAX_BYTES` only the end is read. Raises ValueError for anything else that is not
    a line of this kind.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            skipped = max(0, size - MAX_BYTES)
            file.seek(skipped)
            raw = file.read(MAX_BYTES)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
    lines = raw.split(b"\n")[:-1]
    if skipped:
        lines = lines[1:]
    found: list[dict[str, Any]] = []
    for number, line in enumerate(lines, start=1):
        value = _value(line)
        if value is None:
            where = f"line {number}" if not skipped else "a line"
            raise ValueError(f"{visible(str(path))}: {where} is broken.")
        found.append(value)
    return found


def _value(line: bytes) -> dict[str, Any] | None:
    """The object of a line; None if it is none, or not the one that was written."""
    check = _CHECK.search(line)
    if check is not None:
        content = line[: check.start()]
        if f"{zlib.crc32(content):08x}".encode() != check[1]:
            return None
        line = content + b"}"
    try:
        value = json.loads(line.decode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    value.pop("check", None)  # of a line whose very checksum is damaged
    return value


def _end_of_last_line(descriptor: int) -> int:
    """The length of the file up to and with its last line feed."""
    end = os.fstat(descriptor).st_size
    while end > 0:
        start = max(0, end - 4096)
        os.lseek(descriptor, start, os.SEEK_SET)
        found = os.read(descriptor, end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
