"""A stretch of a text file of any size, read from wherever it is asked for.

A preview shows such parts: to look at the middle of a gigabyte, some kilobytes are read. A place
is a byte of the file, because finding a character would mean to decode all before it.
"""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.border import BORDER
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.decoding import LONGEST_MARK, codec_of
from minigpt_tui.text.safe import visible

PART_BYTES = 1 << 16
PART_CHARACTERS = 24_000
_LINE_SOUGHT = 2_000
"""A part from the middle begins with a line, if one begins within so many characters."""
_UNIT_BYTES = {"utf-16": 2, "utf-32": 4}
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class Part:
    """The bytes from `begin` to `end` of a file as text, with `\\n` for `\\r\\n`."""

    path: Path
    begin: int
    end: int
    size: int
    """Of the whole file, in bytes."""
    codec: str
    source: str
    """The text with the line ends that the file has."""

    @property
    def text(self) -> str:
        return self.source.replace("\r\n", "\n")

    @property
    def documents(self) -> list[tuple[int, str]]:
        """What it has of documents: where in `text` each begins, and its text."""
        found, start = [], 0
        for piece in self.text.split(BORDER):
            found.append((start, piece))
            start += len(piece) + 1
        return found

    @property
    def is_first(self) -> bool:
        return self.begin <= LONGEST_MARK

    @property
    def is_last(self) -> bool:
        return self.end >= self.size

    def byte_of(self, character: int) -> int:
        """The place in the file of a character of `text`, of which the first is 0."""
        before = self.source[: _source_length(self.source, self.text, character)]
        return min(self.end, self.begin + len(before.encode(self.codec, "replace")))

    def character_of(self, byte: int) -> int:
        """The character of `text` that lies at or after a byte of the file, within the part."""
        raw = self.source.encode(self.codec, "replace")[: max(0, byte - self.begin)]
        return len(raw.decode(self.codec, "ignore").replace("\r\n", "\n"))


def read_part(path: Path, encoding: str, at: int, *, exactly: bool = False) -> Part:
    """The part of a file that begins at byte `at`, or with the line after it.

    `exactly` where a character is known to begin. Bytes that are no text become U+FFFD: whether a
    file is fit to be learned is for `decode` to say. Raises ValueError if it cannot be read.
    """
    try:
        with open_regular(path) as file:
            size = os.fstat(file.fileno()).st_size
            codec, mark = codec_of(file.read(LONGEST_MARK), encoding)
            unit = _UNIT_BYTES.get(codec[:6], 1)
            at = max(mark, min(at, size - unit))
            at -= (at - mark) % unit
            file.seek(at)
            raw = file.read(PART_BYTES)
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
    if at > mark and not exactly and codec == "utf-8":  # not in the middle of a character
        inside = next((n for n, byte in enumerate(raw[:4]) if byte & 0xC0 != 0x80), 0)
        at, raw = at + inside, raw[inside:]
    decoder = codecs.getincrementaldecoder(codec)("replace")
    source = decoder.decode(raw, at + len(raw) >= size)
    end = at + len(raw) - len(decoder.getstate()[0])
    if at > mark and not exactly:
        line = source.find("\n", 0, _LINE_SOUGHT) + 1
        if line < len(source):  # else it is the end of the last line that was asked for
            at += len(source[:line].encode(codec, "replace"))
            source = source[line:]
    if len(source) > PART_CHARACTERS:
        source = source[:PART_CHARACTERS]
        end = min(end, at + len(source.encode(codec, "replace")))
    if source.endswith("\r") and end < size:  # a newline may follow it
        source, end = source[:-1], end - len("\r".encode(codec))
    return Part(path, at, end, size, codec, source)


def byte_of_character(
    path: Path, encoding: str, character: int, should_stop: ShouldStop = None
) -> int:
    """The place in a file of a character of its text, as `decode` counts them.

    Decodes all before it, at some 500 MB a second. Raises ValueError if the file cannot be read,
    CancelledError when `should_stop` says so.
    """
    try:
        with open_regular(path) as file:
            codec, at = codec_of(file.read(LONGEST_MARK), encoding)
            file.seek(at)
            decoder = codecs.getincrementaldecoder(codec)("replace")
            held = ""
            while block := file.read(_BLOCK_BYTES):
                check_cancelled(should_stop)
                source = held + decoder.decode(block)
                held = "\r" if source.endswith("\r") else ""
                source = source[: len(source) - len(held)]
                text = source.replace("\r\n", "\n")
                if character <= len(text):
                    before = source[: _source_length(source, text, character)]
                    return at + len(before.encode(codec, "replace"))
                character -= len(text)
                waiting = len(decoder.getstate()[0]) + len(held.encode(codec))
                at = file.tell() - waiting
            return file.tell()
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error


def _source_length(source: str, text: str, characters: int) -> int:
    """How much of `source` makes the first `characters` of `text`, where line ends are short."""
    if len(source) == len(text):
        return characters
    lines = text.count("\n", 0, characters)
    column = characters - (text.rfind("\n", 0, characters) + 1)
    return sum(len(line) + 1 for line in source.split("\n", lines)[:lines]) + column
