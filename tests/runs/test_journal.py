"""Events and samples, a line each."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.runs import journal
from minigpt_tui.runs.journal import JournalReader, NewLines, append_line, as_line, read_lines


def test_lines_come_back_in_order(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = [{"step": n, "text": "Zeile\n„zwei“ \x1b[0m \ud800"} for n in range(3)]
    for line in lines:
        append_line(path, line)
    assert read_lines(path) == lines
    assert path.read_bytes().count(b"\n") == 3


def test_without_a_file_there_are_no_lines(tmp_path: Path) -> None:
    assert read_lines(tmp_path / "none") == []


@settings(deadline=None, max_examples=40)
@given(cut=st.integers(0, 10_000))
def test_a_torn_last_line_is_ignored_and_then_cut(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    path = tmp_path_factory.mktemp("journal") / "samples.jsonl"
    append_line(path, {"n": 1})
    first = path.stat().st_size
    append_line(path, {"n": 2, "text": "x" * 9_000})
    whole = path.read_bytes()
    path.write_bytes(whole[: min(len(whole) - 1, first + cut)])
    assert read_lines(path) == [{"n": 1}]
    append_line(path, {"n": 3})
    assert read_lines(path) == [{"n": 1}, {"n": 3}]


def test_a_broken_line_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    for broken in (b"{\n", b"[]\n", b"\n", b"\xff\n", b"[" * 100_000 + b"\n"):
        path.write_bytes(b'{"n": 1}\n' + broken + b'{"n": 2}\n')
        with pytest.raises(ValueError, match=r"events\.jsonl: line 2 is broken"):
            read_lines(path)


def test_of_an_enormous_file_the_end_is_read(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = b'{"text": "' + b"x" * 2**20 + b'"}\n'
    path.write_bytes(line * (journal.MAX_BYTES // len(line) + 3) + b'{"n": 2}\n')
    lines = read_lines(path)
    assert lines[-1] == {"n": 2}
    assert 10 < len(lines) <= journal.MAX_BYTES // len(line) + 1


def test_a_changed_byte_is_an_error_and_not_another_number(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append_line(path, {"step": 123, "event": "rate"})
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"123", b"923"))
    with pytest.raises(ValueError, match="line 1 is broken"):
        read_lines(path)
    for position in range(len(whole)):
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        try:
            lines = read_lines(path)
        except ValueError:
            continue
        assert [line.get("step") for line in lines] in ([123], [])


def look(reader: JournalReader) -> NewLines:
    """All that a look finds, in one."""
    blocks = list(reader.follow())
    assert not any(block.from_start for block in blocks[1:])
    return NewLines([line for block in blocks for line in block.lines], blocks[0].from_start)


def test_a_follower_is_given_what_was_added(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    reader = JournalReader(path)
    assert look(reader).lines == []
    append_line(path, {"n": 1})
    append_line(path, {"n": 2})
    assert look(reader) == NewLines([{"n": 1}, {"n": 2}], from_start=True)
    assert look(reader) == NewLines([], from_start=False)
    whole = as_line({"n": 3})
    with open(path, "ab") as file:
        file.write(whole[:5])
        file.flush()
        assert look(reader) == NewLines([], from_start=False)
        file.write(whole[5:])
    assert look(reader) == NewLines([{"n": 3}], from_start=False)


def test_a_follower_reads_only_what_was_added(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append_line(path, {"n": 1})
    append_line(path, {"n": 2})
    reader = JournalReader(path)
    look(reader)
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b'"n": 1', b'"n": 9'))  # the same file: what was read is not
    append_line(path, {"n": 3})
    assert look(reader).lines == [{"n": 3}]


@pytest.mark.parametrize("how", ["another file", "shorter", "another last line", "gone"])
def test_a_follower_begins_anew_when_the_file_is_another(tmp_path: Path, how: str) -> None:
    path = tmp_path / "events.jsonl"
    for number in range(3):
        append_line(path, {"n": number})
    reader = JournalReader(path)
    look(reader)
    lines = [{"n": number} for number in (0, 1, 7, 8)]
    if how == "another file":
        other = tmp_path / "other"
        other.write_bytes(path.read_bytes() + as_line({"n": 8}))
        other.replace(path)
        lines[2] = {"n": 2}
    elif how == "shorter":
        lines = lines[:1]
        path.write_bytes(as_line({"n": 0}))
    elif how == "another last line":
        path.write_bytes(b"".join(map(as_line, lines)))
    else:
        lines = []
        path.unlink()
    assert look(reader) == NewLines(lines, from_start=True)
    append_line(path, {"n": 9})
    assert look(reader).lines == [{"n": 9}]


def test_a_follower_names_a_broken_line_until_it_is_mended(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    append_line(path, {"n": 1})
    reader = JournalReader(path)
    look(reader)
    good = path.read_bytes()
    path.write_bytes(good + b"[]\n" + as_line({"n": 3}))
    for _ in range(2):
        with pytest.raises(ValueError, match=r"events\.jsonl: line 2 is broken"):
            look(reader)
    path.write_bytes(good + as_line({"n": 2}) + as_line({"n": 3}))
    assert look(reader) == NewLines([{"n": 2}, {"n": 3}], from_start=False)


def test_a_follower_of_an_enormous_file_goes_on_from_its_end(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    line = as_line({"text": "x" * 2**20})
    path.write_bytes(line * (journal.MAX_BYTES // len(line) + 3))
    reader = JournalReader(path)
    assert len(look(reader).lines) == journal.MAX_BYTES // len(line)
    append_line(path, {"n": 2})
    assert look(reader) == NewLines([{"n": 2}], from_start=False)
    with open(path, "ab") as file:
        file.write(b"[]\n")
    with pytest.raises(ValueError, match=r"events\.jsonl: a line is broken"):
        look(reader)


def test_a_long_file_comes_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "BLOCK_BYTES", 200)
    path = tmp_path / "events.jsonl"
    lines = [{"n": number, "text": "x" * number} for number in range(30)]
    path.write_bytes(b"".join(map(as_line, lines)) + b"torn")
    blocks = list(JournalReader(path).follow())
    assert len(blocks) > 5
    assert max(len(block.lines) for block in blocks) < 6
    assert read_lines(path) == lines


def test_blocks_before_a_broken_line_are_not_given_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal, "BLOCK_BYTES", 10)
    path = tmp_path / "events.jsonl"
    path.write_bytes(as_line({"n": 0}) + as_line({"n": 1}) + b"[]\n")
    reader = JournalReader(path)
    with pytest.raises(ValueError, match="line 3 is broken"):
        look(reader)
    append_line(path, {"n": 3})
    with pytest.raises(ValueError, match="line 3 is broken"):
        look(reader)
    path.write_bytes(path.read_bytes().replace(b"[]\n", as_line({"n": 2})))
    assert look(reader) == NewLines([{"n": 2}, {"n": 3}], from_start=False)


class Overtaken(io.BytesIO):
    """A file whose writer ends a line between two of its reader's looks at the disk."""

    def __init__(self, begun: bytes, added: bytes) -> None:
        super().__init__(begun + added)
        self.begun = len(begun)

    def readlines(self, hint: int | None = -1, /) -> list[bytes]:
        begun = self.read(self.begun - self.tell())
        return [*begun.splitlines(keepends=True), *super().readlines(hint)]


def test_a_line_that_is_ended_while_it_is_read_waits_for_the_next_look(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "events.jsonl"
    begun = as_line({"n": 1}) + as_line({"n": 2})[:5]
    whole = begun + as_line({"n": 2})[5:] + as_line({"n": 3})
    path.write_bytes(whole)
    reader = JournalReader(path)
    with open(path, "rb") as real, monkeypatch.context() as patched:
        overtaken = Overtaken(begun, whole[len(begun) :])
        patched.setattr(overtaken, "fileno", real.fileno)
        patched.setattr(journal, "open_regular", lambda path: overtaken)
        assert look(reader).lines == [{"n": 1}]
    assert look(reader) == NewLines([{"n": 2}, {"n": 3}], from_start=False)
