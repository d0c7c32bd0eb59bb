"""Turns the bytes of a text file into text, piece by piece, or says why they are none.

Nothing is guessed: guesses go wrong on short texts, and a wrong one trains a model on rubbish.
"""

from __future__ import annotations

import codecs
import itertools
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from minigpt_tui.text.border import BORDER
from minigpt_tui.text.safe import visible

# A file of which more than this share is control characters is no text. (Coloured terminal logs,
# the text richest in them, stay well below.)
_MOST_CONTROLS = 0.1
_CONTROLS = bytes((*range(0x01, 0x09), 0x0B, *range(0x0E, 0x20), 0x7F))
_SURROGATE = re.compile("[\ud800-\udfff]")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_MARK = 4
_ENDIAN = "le" if sys.byteorder == "little" else "be"
# Encodings that take a mark: those that it may choose, and the one that is used without it.
_MARKED = {
    "auto": ("utf", "utf-8"),
    "utf-8-sig": ("utf-8", "utf-8"),
    "utf-16": ("utf-16", f"utf-16-{_ENDIAN}"),
    "utf-32": ("utf-32", f"utf-32-{_ENDIAN}"),
}
_NOT_IN_PIECES = ("punycode", "idna")  # where Python's decoder forgets what came before


def check_encoding(encoding: str) -> str:
    """`encoding` if it is `auto` or names a text encoding; else ValueError."""
    if encoding == "auto":
        return encoding
    try:
        " ".encode(encoding)  # which codecs that are not of text refuse
        codecs.getincrementaldecoder(encoding)
    except (LookupError, ValueError) as error:  # ValueError: a NUL in the name
        raise ValueError(
            f"There is no text encoding “{visible(encoding[:40])}”. "
            "Use --encoding auto, utf-8, utf-16, latin-1, cp1252 or another that Python knows."
        ) from error
    return encoding


def decode(raw: bytes, path: Path, encoding: str = "auto") -> str:
    """The text of a file's bytes, with `\\n` for `\\r\\n` and without a byte order mark.

    `auto` is strict UTF-8, or UTF-16 and UTF-32 where the byte order mark says so. Raises
    ValueError that names the file and what to do: not in that encoding (with the byte's offset),
    binary, or empty.
    """
    return "".join(checked(decoded([raw], path, encoding), path))


def decoded(blocks: Iterable[bytes], path: Path, encoding: str = "auto") -> Iterator[str]:
    """The text of a file that comes in blocks of bytes, as `decode` says; no piece is empty.

    The pieces join to the same text however the bytes are parted. What the text looks like is not
    examined (see `checked`). Raises ValueError for what is not in the encoding.
    """
    shown = visible(str(path))
    stream = iter(blocks)
    head = b""
    while len(head) < LONGEST_MARK and (block := next(stream, b"")):
        head += block
    codec, at = codec_of(head, encoding)
    name = visible(codec if encoding == "auto" else encoding).upper()
    decoder, stream = _decoder(codec, itertools.chain([head[at:]], stream))
    pending, held, begun = 0, "", False  # bytes and text that wait for what comes after them
    for block in itertools.chain(stream, [b""]):  # the empty block is the last one
        try:
            text = held + decoder.decode(block, not block)
        except UnicodeDecodeError as error:
            if encoding == "auto" and codec == "utf-8" and b"\0" in error.object:
                raise ValueError(_binary(shown)) from error
            raise ValueError(
                f"{shown} is not {name}: byte {at - pending + error.start:,} does not "
                "fit. If it is text in another encoding, name it with --encoding, e.g. "
                "--encoding latin-1."
            ) from error
        except UnicodeError as error:  # codecs such as punycode name no offset
            raise _misnamed(shown, name) from error
        at += len(block)
        pending = len(decoder.getstate()[0])
        if encoding != "auto" and _SURROGATE.search(text):
            raise _misnamed(shown, name)
        held = "\r" if text.endswith("\r") and block else ""
        text = text[: len(text) - len(held)]
        if text and not begun:
            text, begun = text.removeprefix("\ufeff"), True
        if text:
            yield text.replace("\r\n", "\n") if "\r" in text else text


def codec_of(head: bytes, encoding: str) -> tuple[str, int]:
    """The codec that reads a file with such a beginning (four bytes tell), and how long its byte
    order mark is. Raises ValueError where Python knows no such encoding."""
    name = encoding if check_encoding(encoding) == "auto" else codecs.lookup(encoding).name
    if name not in _MARKED:
        return name, 0
    family, without = _MARKED[name]
    for mark, codec in _BYTE_ORDER_MARKS:
        if head.startswith(mark) and codec.startswith(family):
            return codec, len(mark)
    return without, 0


def checked(pieces: Iterable[str], path: Path) -> Iterator[str]:
    """`pieces` of a file's text as they come; ValueError if they are binary, or there are none, or
    they have what parts documents here."""
    shown = visible(str(path))
    characters = controls = 0
    for piece in pieces:
        raw = piece.encode()
        if b"\0" in raw:
            raise ValueError(_binary(shown))
        if BORDER in piece:
            raise ValueError(
                f"{shown} has the character U+FDD0, which Unicode leaves to programs, and which "
                "parts documents in this one. Take it out of the text."
            )
        characters += len(piece)
        controls += len(raw) - len(raw.translate(None, _CONTROLS))
        yield piece
    if not characters:
        raise ValueError(f"{shown} is empty: there is nothing to learn from.")
    if controls > _MOST_CONTROLS * characters:
        raise ValueError(_binary(shown))


def _decoder(
    codec: str, stream: Iterator[bytes]
) -> tuple[codecs.IncrementalDecoder, Iterator[bytes]]:
    """What decodes `stream`, and the stream, in one block where the codec asks for it."""
    if codec in _NOT_IN_PIECES:
        stream = iter([b"".join(stream)])
    return codecs.getincrementaldecoder(codec)(), stream


def _binary(shown: str) -> str:
    return (
        f"{shown} looks binary, not like text. "
        "If it is UTF-16 without a byte order mark, say --encoding utf-16-le or utf-16-be."
    )


def _misnamed(shown: str, name: str) -> ValueError:
    return ValueError(f"{shown} is not {name}. Name another with --encoding.")
