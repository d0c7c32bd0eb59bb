"""A text that stays in its file reads like one in memory, and notices when the file changes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minigpt_tui.text import file_text
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.file_text import FileText, chunks, open_text

TEXT = "It was the best of times – \n" * 20


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(file_text, "_BLOCK_BYTES", 7)
    path = tmp_path / "poem.txt"
    path.write_text(TEXT.replace("\n", "\r\n"), encoding="utf-8", newline="")
    return path


def read(text: FileText) -> str:
    return "".join(chunks(text))


def test_it_has_the_length_and_the_slices_of_a_string(file: Path) -> None:
    text = open_text(file, "auto")
    assert len(text) == len(TEXT)
    assert read(text) == TEXT
    for part in (slice(0, 5), slice(5, None), slice(-9, None), slice(3, 3), slice(50, 9999)):
        assert read(text[part]) == TEXT[part]
        assert len(text[part]) == len(TEXT[part])
    assert read(text[10:200][20:90]) == TEXT[10:200][20:90]
    assert not text[9:9]


def test_a_file_that_was_changed_is_refused(file: Path) -> None:
    text = open_text(file, "auto")
    status = file.stat()
    file.write_bytes(file.read_bytes().replace(b"best", b"rest"))
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(ValueError, match=r"poem\.txt was changed while it was read"):
        read(text)


def test_a_change_during_the_reading_is_noticed(file: Path) -> None:
    pieces = open_text(file, "auto").chunks()
    next(pieces)
    with open(file, "ab") as appended:
        appended.write(b"more")
    with pytest.raises(ValueError, match="was changed"):
        list(pieces)


def test_a_file_that_is_gone_is_named(file: Path) -> None:
    text = open_text(file, "auto")
    file.unlink()
    with pytest.raises(ValueError, match=r"Cannot read .*poem\.txt: No such file"):
        read(text)
    with pytest.raises(ValueError, match=r"Cannot read .*poem\.txt: No such file"):
        open_text(file, "auto")


def test_what_is_no_text_is_refused_when_it_is_opened(file: Path) -> None:
    file.write_bytes(b"good\n" * 20 + b"\xff")
    with pytest.raises(ValueError, match="not UTF-8: byte 100"):
        open_text(file, "auto")
    file.write_bytes(b"good\n" * 20 + b"\0")
    with pytest.raises(ValueError, match="binary"):
        open_text(file, "auto")


def test_opening_can_be_called_off(file: Path) -> None:
    with pytest.raises(CancelledError):
        open_text(file, "auto", lambda: True)
