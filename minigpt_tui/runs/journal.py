"""Things that happen seldom, one JSON object a line: the events and the samples of a run.

A line ends with a checksum of what stands before it, so that a changed byte shows.
"""

from __future__ import annotations

import json
import os
import re
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any, BinaryIO

from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.safe import visible

# Far beyond what a run writes; a larger file is read from here to its end.
MAX_BYTES = 16 * 1024 * 1024
BLOCK_BYTES = 1024 * 1024
"""Read at once; what it says takes ten times as much for a moment."""

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

    Reads and raises as `JournalReader.follow`.
    """
    return list(each_line(path))


def each_line(path: Path) -> Iterator[dict[str, Any]]:
    """The same one by one, without all of them in memory."""
    for block in JournalReader(path).follow():
        yield from block.lines


@dataclass(frozen=True)
class NewLines:
    """What came since the look before; if `from_start`, in place of all that was given so far."""

    lines: list[dict[str, Any]]
    from_start: bool


@dataclass(frozen=True)
class _Place:
    """How far a file has been read: `end` bytes, to the end of the line `last`."""

    inode: int
    end: int
    last: bytes = b""
    number: int | None = 0
    """The number of that line; None if the beginning of the file was left out."""

    def leads_on(self, file: BinaryIO) -> bool:
        """Whether the file is the one that was read, with not too much after this place."""
        stat = os.fstat(file.fileno())
        if stat.st_ino != self.inode or not 0 <= stat.st_size - self.end <= MAX_BYTES:
            return False
        file.seek(self.end - len(self.last))
        return file.read(len(self.last)) == self.last

    def after(self, lines: list[bytes]) -> _Place:
        """The place behind the lines that follow here."""
        if not lines:
            return self
        number = None if self.number is None else self.number + len(lines)
        return _Place(self.inode, self.end + sum(map(len, lines)), lines[-1], number)


def _beginning(file: BinaryIO) -> _Place:
    """Where a first look begins: of a file beyond `MAX_BYTES`, behind a line near its end."""
    stat = os.fstat(file.fileno())
    if stat.st_size <= MAX_BYTES:
        return _Place(stat.st_ino, 0)
    skipped = file.seek(stat.st_size - MAX_BYTES)
    return _Place(stat.st_ino, skipped + len(file.readline()), number=None)


_NOWHERE = _Place(inode=-1, end=0)


class JournalReader:
    """Follows one file: each look reads only what was added since the one before.

    A run of many short epochs writes tens of megabytes, which take a third of a second to read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._place = _NOWHERE

    def follow(self) -> Iterator[NewLines]:
        """The objects that are new, the oldest first, in blocks; one at least, be it empty.

        A last line without its end is not read: it is being written, or its writer was killed. Of
        more than `MAX_BYTES` only the end is read. A file that is not the one that was read (it is
        another, or shorter, or its last line is another) is read from its start. Raises ValueError
        for anything else that is not a line of this kind; the next look begins behind the last
        block that was given.
        """
        try:
            with open_regular(self.path) as file:
                place = self._place
                from_start = not place.leads_on(file)
                if from_start:
                    place = _beginning(file)
                file.seek(place.end)
                whole = True
                while whole:
                    lines = file.readlines(BLOCK_BYTES)
                    # Behind a line without its end may stand what was added to it meanwhile.
                    block = list(takewhile(lambda line: line.endswith(b"\n"), lines))
                    whole = bool(block) and len(block) == len(lines)
                    found = self._objects(block, place.number)
                    self._place = place = place.after(block)
                    yield NewLines(found, from_start)
                    from_start = False
        except FileNotFoundError:
            self._place = _NOWHERE
            yield NewLines([], from_start=True)
        except OSError as error:
            raise ValueError(f"Cannot read {visible(str(self.path))}: {error.strerror}.") from error

    def _objects(self, lines: list[bytes], before: int | None) -> list[dict[str, Any]]:
        """What the lines say; `before` is the number of the line before them, if that is known."""
        found: list[dict[str, Any]] = []
        for index, line in enumerate(lines, start=1):
            value = _value(line[:-1])
            if value is None:
                where = "a line" if before is None else f"line {before + index}"
                raise ValueError(f"{visible(str(self.path))}: {where} is broken.")
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
