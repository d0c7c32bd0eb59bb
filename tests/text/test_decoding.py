"""Bytes become text by strict rules; what does not fit is an error that says what to do."""

from __future__ import annotations

import codecs
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.text.decoding import check_encoding, decode

FILE = Path("poem.txt")


@pytest.mark.parametrize(
    "raw",
    [
        "größe".encode(),
        "größe".encode("utf-8-sig"),
        "größe".encode("utf-16"),
        codecs.BOM_UTF16_BE + "größe".encode("utf-16-be"),
        "größe".encode("utf-32"),
    ],
)
def test_utf_8_and_whatever_its_mark_names(raw: bytes) -> None:
    assert decode(raw, FILE) == "größe"


def test_latin_1_is_refused_with_the_offset_and_the_way_out() -> None:
    raw = "größe".encode("latin-1")
    with pytest.raises(ValueError, match=r"poem\.txt is not UTF-8: byte 2 .*--encoding latin-1"):
        decode(raw, FILE)
    assert decode(raw, FILE, "latin-1") == "größe"


@pytest.mark.parametrize("raw", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_an_empty_file_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"poem\.txt is empty"):
        decode(raw, FILE)


@pytest.mark.parametrize(
    "raw",
    [
        b"text with a \0 in it",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
        b"\x01\x02\x03\x04\x05\x06 mostly control",
        "no mark".encode("utf-16-le"),
    ],
)
def test_binary_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match="looks binary"):
        decode(raw, FILE)


def test_random_bytes_are_refused() -> None:
    for seed in range(50):
        with pytest.raises(ValueError, match=r"poem\.txt"):
            decode(random.Random(seed).randbytes(400), FILE)


def test_escape_codes_alone_do_not_make_a_text_binary() -> None:
    assert decode(b"\x1b[31mred\x1b[0m and plain text", FILE).startswith("\x1b[31m")


def test_cut_utf_16_is_refused() -> None:
    with pytest.raises(ValueError, match="not UTF-16"):
        decode("abc".encode("utf-16")[:-1], FILE)


def test_newlines_become_one_character() -> None:
    assert decode(b"a\r\nb\nc", FILE) == "a\nb\nc"


@pytest.mark.parametrize("name", ["utf-9", "hex", "rot13", "zlib", "a\0b", "", "x" * 1000, "ü"])
def test_an_unknown_encoding_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no text encoding"):
        check_encoding(name)


@given(st.binary(max_size=60), st.sampled_from(["auto", "utf-8", "utf-16", "utf-7", "punycode"]))
@settings(deadline=None)
def test_any_bytes_give_encodable_text_or_a_value_error(raw: bytes, encoding: str) -> None:
    try:
        text = decode(raw, FILE, encoding)
    except ValueError as error:
        text = str(error)  # a sentence, not a codec's error
        assert text.startswith("poem.txt ")
    assert text
    text.encode()


def test_the_error_shows_a_hostile_file_name_safely() -> None:
    with pytest.raises(ValueError, match="␛") as caught:
        decode(b"", Path("\x1b]0;owned\x07.txt"))
    assert "\x1b" not in str(caught.value)
