"""Text that is too long for the memory: it stays in its file and is decoded whenever it is read.

Functions of this room take a `Text`, which is a string or such a stretch of a file. Both have a
length in characters and can be sliced; `chunks` reads either. A text may hold several documents,
with a BORDER between them.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.decoding import checked, decoded
from minigpt_tui.text.progress import OnProgress
from minigpt_tui.text.safe import visible

_BLOCK_BYTES = 1 << 18
_CHUNK_CHARACTERS = 1 << 18


@dataclass(frozen=True)
class FileText:
    """The characters from `begin` to `end` of a file's text, as it was when `open_text` read it."""

    path: Path
    encoding: str
    stamp: tuple[int, int]
    """The file's size and the time of its last change, which tell whether it is still the same."""
    begin: int
    end: int

    def __len__(self) -> int:
        return self.end - self.begin

    def __getitem__(self, part: slice) -> FileText:
        first, last, step = part.indices(len(self))
        assert step == 1, "a stretch of text has no gaps"
        return replace(self, begin=self.begin + first, end=self.begin + max(first, last))

    def chunks(self) -> Iterator[str]:
        """The text in order, some hundred thousand characters at a time.

        What stands before `begin` is decoded as well, at some 1000 MB a second. Raises ValueError
        if the file cannot be read or is no longer what it was.
        """
        at = 0
        with _reading(self.path) as file:
            self._check_unchanged(file)
            for text in decoded(_blocks(file), self.path, self.encoding):
                part = text[max(0, self.begin - at) : max(0, self.end - at)]
                at += len(text)
                if part:
                    yield part
                if at >= self.end:
                    break
            self._check_unchanged(file)
            assert at >= self.end, "the same bytes give the same number of characters"

    def _check_unchanged(self, file: BinaryIO) -> None:
        if _stamp(file) != self.stamp:
            raise ValueError(f"{visible(str(self.path))} was changed while it was read. Try again.")


Text = str | FileText


def chunks(text: Text) -> Iterator[str]:
    """A text in order, in strings that are never empty and never long."""
    if isinstance(text, FileText):
        return text.chunks()
    return (text[at : at + _CHUNK_CHARACTERS] for at in range(0, len(text), _CHUNK_CHARACTERS))


def open_text(
    path: Path,
    encoding: str,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
    *,
    is_checked: bool = False,
) -> FileText:
    """The whole text of a file, read through once to count and check it, and not kept.

    `is_checked` for a file of this program, which has been checked and may have borders.

    Raises ValueError as `decode` does, CancelledError when `should_stop` says so.
    """
    characters = 0
    with _reading(path) as file:
        stamp = _stamp(file)
        texts = decoded(_blocks(file), path, encoding)
        for text in texts if is_checked else checked(texts, path):
            check_cancelled(should_stop)
            characters += len(text)
            if on_progress is not None:
                on_progress(min(1.0, file.tell() / stamp[0]))
    return FileText(path, encoding, stamp, 0, characters)


@contextmanager
def _reading(path: Path) -> Iterator[BinaryIO]:
    try:
        with open_regular(path) as file:
            yield file
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(_BLOCK_BYTES):
        yield block


def _stamp(file: BinaryIO) -> tuple[int, int]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns
