"""Bytes become text by strict rules; what does not fit is an error that says what to do."""

from __future__ import annotations

import codecs
import encodings
import itertools
import pkgutil
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.text.decoding import check_encoding, checked, decode, decoded
from tests.text.strategies import texts

FILE = Path("poem.txt")


def in_blocks(raw: bytes, cuts: list[int], encoding: str = "auto") -> str:
    """As `decode`, from a file that comes in blocks which end at `cuts`."""
    borders = [0, *sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]
    blocks = [raw[a:b] for a, b in itertools.pairwise(borders) if a < b]
    pieces = list(decoded(blocks, FILE, encoding))
    assert all(pieces)
    return "".join(checked(pieces, FILE))


def outcome(read: object, *arguments: object) -> str:
    assert callable(read)
    try:
        return f"text {read(*arguments)}"
    except ValueError as error:
        return str(error)


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


def test_the_offset_counts_the_byte_order_mark() -> None:
    with pytest.raises(ValueError, match="not UTF-8: byte 5 does"):
        decode(codecs.BOM_UTF8 + b"ab\xff", FILE)
    with pytest.raises(ValueError, match="not UTF-16-LE: byte 4 does"):
        decode("a".encode("utf-16-le").join([codecs.BOM_UTF16_LE, b"\x00\xdc"]), FILE)


cuts = st.lists(st.integers(0, 400), max_size=12)


@given(
    text=st.lists(st.one_of(texts, st.sampled_from(["\r\n", "\r", "\n", "𝄞", "\ufeff"]))),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    cuts=cuts,
)
@settings(deadline=None)
def test_a_file_in_blocks_gives_the_same_text(
    text: list[str], encoding: str, cuts: list[int]
) -> None:
    raw = "".join(text).encode(encoding)
    whole = outcome(decode, raw, FILE)
    assert outcome(in_blocks, raw, cuts) == whole
    assert outcome(in_blocks, raw, list(range(len(raw)))) == whole
    assert outcome(in_blocks, raw, cuts, encoding) == outcome(decode, raw, FILE, encoding)


@given(
    raw=st.lists(
        st.one_of(
            st.binary(max_size=5),
            texts.map(str.encode),
            st.sampled_from([b"\xed\xa0\x80", b"\xf0\x9f", b"\xff\xfe", b"\xef\xbb\xbf"]),
        )
    ).map(b"".join),
    encoding=st.sampled_from(["utf-8", "utf-16", "utf-16-le", "utf-7", "gb18030", "punycode"]),
    cuts=cuts,
)
@settings(deadline=None, max_examples=60)
def test_a_file_in_blocks_is_refused_with_the_same_words(
    raw: bytes, encoding: str, cuts: list[int]
) -> None:
    for used in (encoding, "auto"):
        whole, apart = outcome(decode, raw, FILE, used), outcome(in_blocks, raw, cuts, used)
        # Of two faults the one in the first block is named: a NUL, or bytes that do not fit.
        assert apart == whole or "binary" in whole + apart


def test_every_encoding_can_be_read_in_blocks() -> None:
    text = "Grüße, 日本 abc\r\n+-~{ \\u00e4 xyz 🙂.\r\n" * 5
    read = set()
    for _, name, _ in pkgutil.iter_modules(encodings.__path__):
        try:
            raw = text.encode(check_encoding(name), "replace")
            whole = decode(raw, FILE, name)
        except (ValueError, LookupError):
            continue  # not of text, or (idna) not of such a text
        assert in_blocks(raw, list(range(len(raw))), name) == whole, name
        read.add(name)
    assert len(read) > 80


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
