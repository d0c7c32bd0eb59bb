"""Any part of a text file can be read by itself, and places in it found again."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.text.decoding import decode
from minigpt_tui.text.part import PART_BYTES, byte_of_character, read_part

ENCODINGS = {"auto": "utf-8", "utf-16": "utf-16", "latin-1": "latin-1"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("parts")


@given(
    lines=st.lists(st.text("aé \t", max_size=12), min_size=1, max_size=8),
    end=st.sampled_from(["\n", "\r\n"]),
    encoding=st.sampled_from(sorted(ENCODINGS)),
    data=st.data(),
)
def test_a_character_and_its_byte_find_one_another(
    folder: Path, lines: list[str], end: str, encoding: str, data: st.DataObject
) -> None:
    path = folder / "text.txt"
    raw = (end.join(lines) + end).encode(ENCODINGS[encoding])
    path.write_bytes(raw)
    part = read_part(path, encoding, 0)
    assert part.text == decode(raw, path, encoding)
    assert part.is_first
    assert part.is_last
    character = data.draw(st.integers(0, len(part.text)))
    byte = part.byte_of(character)
    assert byte_of_character(path, encoding, character) == byte
    assert part.character_of(byte) == character
    if character < len(part.text):
        assert read_part(path, encoding, byte, exactly=True).text == part.text[character:]


@pytest.mark.parametrize("encoding", sorted(ENCODINGS))
def test_a_part_from_the_middle_begins_with_a_line(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "text.txt"
    path.write_bytes("".join(f"Zeile {n} é\n" for n in range(20_000)).encode(ENCODINGS[encoding]))
    size = path.stat().st_size
    for at in range(size // 2, size // 2 + 9):
        part = read_part(path, encoding, at)
        assert part.text.startswith("Zeile ")
        assert at <= part.begin < at + 64
        assert not part.is_first
        following = read_part(path, encoding, part.end, exactly=True)
        assert (part.text + following.text).count("Zeile") == len(
            (part.text + following.text).splitlines()
        )


def test_one_endless_line_is_read_from_its_middle_as_well(tmp_path: Path) -> None:
    path = tmp_path / "line.txt"
    path.write_text("ü" * PART_BYTES, encoding="utf-8")
    part = read_part(path, "auto", PART_BYTES + 1)
    assert part.begin == PART_BYTES + 2
    assert set(part.text) == {"ü"}


def test_what_is_no_text_in_the_middle_is_shown_by_a_sign(tmp_path: Path) -> None:
    path = tmp_path / "broken.txt"
    path.write_bytes(b"good\n" * 100 + b"\xff\xfe bad\n")
    assert "\ufffd" in read_part(path, "auto", 495).text


def test_the_last_part_reaches_the_end(tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("one\ntwo\nthree")
    part = read_part(path, "auto", 10**9)
    assert part.is_last
    assert part.text == "e"


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Cannot read"):
        read_part(tmp_path / "gone.txt", "auto", 0)


def test_the_border_of_a_long_text_is_found(tmp_path: Path) -> None:
    path = tmp_path / "long.txt"
    raw = ("äb\r\n" * 700_000).encode()
    path.write_bytes(raw)
    assert byte_of_character(path, "auto", 3 * 600_000) == 5 * 600_000
    assert byte_of_character(path, "auto", 10**9) == len(raw)
