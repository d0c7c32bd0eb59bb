"""Turns the bytes of a text file into text, or says why they are none.

Nothing is guessed: guesses go wrong on short texts, and a wrong one trains a model on rubbish.
"""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from minigpt_tui.text.safe import visible

# A file of which more than this share is control characters is no text. (Coloured terminal logs,
# the text richest in them, stay well below.)
_MOST_CONTROLS = 0.1
_CONTROLS = [chr(code) for code in (*range(0x01, 0x09), 0x0B, *range(0x0E, 0x20), 0x7F)]
_SURROGATE = re.compile("[\ud800-\udfff]")
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def check_encoding(encoding: str) -> str:
    """`encoding` if it is `auto` or names a text encoding; else ValueError."""
    if encoding == "auto":
        return encoding
    try:
        " ".encode(encoding)  # which codecs that are not of text refuse
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
    shown = visible(str(path))
    if check_encoding(encoding) == "auto":
        marked = (name for mark, name in _BYTE_ORDER_MARKS if raw.startswith(mark))
        used = next(marked, "utf-8")
    else:
        used = encoding
    try:
        text = raw.decode(used)
    except UnicodeDecodeError as error:
        if encoding == "auto" and used == "utf-8" and b"\0" in raw:
            raise ValueError(_binary(shown)) from error
        raise ValueError(
            f"{shown} is not {_name(used)}: byte {error.start:,} does not fit. "
            "If it is text in another encoding, name it with --encoding, e.g. --encoding latin-1."
        ) from error
    except UnicodeError as error:  # codecs such as punycode name no offset
        raise ValueError(f"{shown} is not {_name(used)}. Name another with --encoding.") from error
    if encoding != "auto" and _SURROGATE.search(text):
        raise ValueError(f"{shown} is not {_name(used)}. Name another with --encoding.")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if not text:
        raise ValueError(f"{shown} is empty: there is nothing to learn from.")
    if "\0" in text or sum(map(text.count, _CONTROLS)) > _MOST_CONTROLS * len(text):
        raise ValueError(_binary(shown))
    return text


def _binary(shown: str) -> str:
    return (
        f"{shown} looks binary, not like text. "
        "If it is UTF-16 without a byte order mark, say --encoding utf-16-le or utf-16-be."
    )


def _name(encoding: str) -> str:
    return {"utf-8": "UTF-8", "utf-8-sig": "UTF-8"}.get(encoding, visible(encoding).upper())
