"""What somebody may rely on when texts of the library are added, deleted and brought back."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minigpt_tui.jobs.texts import (
    add_text,
    copy_text,
    delete_text,
    deleted_texts,
    empty_text_trash,
    restore_text,
)
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.library import find_corpus, library


def test_a_pasted_text_is_in_the_library(data: DataFolder) -> None:
    path = add_text("poem", "Rosen\r\nsind\rrot\n", data)
    assert path.read_bytes() == b"Rosen\nsind\nrot\n"
    assert find_corpus(["poem"], data) == [path]


@pytest.mark.parametrize("name", ["", "a/b", "..", "con", "x" * 65])
def test_an_unsafe_name_is_refused(data: DataFolder, name: str) -> None:
    with pytest.raises(ValueError, match="name of a text"):
        add_text(name, "text", data)


def test_a_taken_name_or_an_empty_text_is_refused(data: DataFolder) -> None:
    add_text("poem", "text", data)
    with pytest.raises(ValueError, match="already"):
        add_text("poem", "other", data)
    with pytest.raises(ValueError, match="no text"):
        add_text("empty", " \n", data)
    assert (data.corpora / "poem.txt").read_text() == "text"


def test_a_copied_file_is_the_same_and_leaves_the_original(
    data: DataFolder, tmp_path: Path
) -> None:
    original = tmp_path / "a [nope] \x1b[31m.md"
    original.write_bytes(b"\xff\xfebytes as they are")
    one, other = copy_text([str(original)], data), copy_text([str(original)], data)
    assert one.read_bytes() == other.read_bytes() == original.read_bytes()
    assert one.parent == other.parent == data.corpora
    assert one.suffix == other.suffix == ".md"
    assert one != other


def test_a_copied_folder_is_one_text(data: DataFolder, tmp_path: Path) -> None:
    folder = tmp_path / "letters"
    (folder / "old").mkdir(parents=True)
    (folder / "a.txt").write_text("a")
    (folder / "old" / "b.txt").write_text("b")
    (folder / "picture.png").write_bytes(b"png")
    copied = copy_text([str(folder)], data)
    assert copied == data.corpora / "letters"
    files = find_corpus([str(copied)], data)
    assert [file.relative_to(copied) for file in files] == [Path("a.txt"), Path("old/b.txt")]
    assert not (copied / "picture.png").exists()


def test_several_texts_become_one_folder(data: DataFolder, tmp_path: Path) -> None:
    for name in ("b", "a"):
        (tmp_path / f"{name}.txt").write_text(name)
    copied = copy_text([str(tmp_path / "b.txt"), str(tmp_path / "a.txt")], data)
    assert [file.read_text() for file in find_corpus([str(copied)], data)] == ["b", "a"]


def test_a_copy_that_is_called_off_leaves_nothing(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "text.txt"
    path.write_text("text")
    with pytest.raises(CancelledError):
        copy_text([str(path)], data, lambda: True)
    assert os.listdir(data.corpora) == []


def test_a_deleted_text_is_no_text_until_it_is_brought_back(data: DataFolder) -> None:
    path = add_text("poem", "text", data)
    deleted = delete_text(path, data)
    assert deleted_texts(data) == [deleted]
    assert path not in library(data)
    assert deleted.path not in library(data)
    assert restore_text(deleted) == path
    assert path.read_text() == "text"
    assert deleted_texts(data) == []


def test_a_text_does_not_come_back_over_another(data: DataFolder) -> None:
    deleted = delete_text(add_text("poem", "old", data), data)
    path = add_text("poem", "new", data)
    with pytest.raises(ValueError, match="another text"):
        restore_text(deleted)
    assert path.read_text() == "new"
    assert deleted.path.read_text() == "old"


def test_only_texts_of_the_library_are_deleted(data: DataFolder, tmp_path: Path) -> None:
    path = tmp_path / "mine.txt"
    path.write_text("text")
    with pytest.raises(ValueError, match="not in the library"):
        delete_text(path, data)
    with pytest.raises(ValueError, match="not in the library"):
        delete_text(data.corpora / "..", data)
    assert path.exists()


def test_after_a_week_the_trash_is_emptied(data: DataFolder) -> None:
    deleted = delete_text(add_text("poem", "text", data), data)
    assert empty_text_trash(data) == []
    assert empty_text_trash(data, older_than=0) == [deleted]
    assert deleted_texts(data) == []
