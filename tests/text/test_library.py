"""Names and paths mean files; what is not there is named with what there is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.corpus import find_corpus, library


def write(path: Path, text: str = "text") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_path_means_its_file_whatever_it_is_called(tmp_path: Path, data: DataFolder) -> None:
    file = write(tmp_path / "notes.md")
    assert find_corpus([str(file)], data) == [file]


def test_a_folder_means_its_txt_files_at_any_depth_sorted(tmp_path: Path, data: DataFolder) -> None:
    folder = tmp_path / "books"
    expected = [write(folder / name) for name in ("a.txt", "b/c.TXT", "z.txt")]
    write(folder / "cover.png")
    assert find_corpus([str(folder)], data) == expected


def test_links_do_not_lead_out_of_a_folder(tmp_path: Path, data: DataFolder) -> None:
    inside = write(tmp_path / "books" / "a.txt")
    write(tmp_path / "secret" / "s.txt")
    (tmp_path / "books" / "link.txt").symlink_to(tmp_path / "secret" / "s.txt")
    (tmp_path / "books" / "linked").symlink_to(tmp_path / "secret")
    (tmp_path / "books" / "broken.txt").symlink_to(tmp_path / "nothing")
    assert find_corpus([str(tmp_path / "books")], data) == [inside]


def test_a_name_means_the_users_corpus_before_the_programs(data: DataFolder) -> None:
    [shipped] = find_corpus(["sample_corpus"], data)
    assert shipped.is_file()
    own = write(data.corpora / "sample_corpus.txt")
    assert find_corpus(["sample_corpus"], data) == [own]
    assert find_corpus(["sample_corpus.txt"], data) == [own]


def test_a_name_can_mean_a_folder_of_the_library(data: DataFolder) -> None:
    expected = [write(data.corpora / "poems" / name) for name in ("1.txt", "2.txt")]
    assert find_corpus(["poems"], data) == expected


def test_an_existing_path_wins_over_the_library(
    tmp_path: Path, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(data.corpora / "poems.txt")
    write(tmp_path / "here" / "poems")
    monkeypatch.chdir(tmp_path / "here")
    assert find_corpus(["poems"], data) == [Path("poems")]


def test_the_same_file_counts_once_at_its_first_place(tmp_path: Path, data: DataFolder) -> None:
    a, b = write(tmp_path / "t" / "a.txt"), write(tmp_path / "t" / "b.txt")
    assert find_corpus([str(b), str(tmp_path / "t"), str(b)], data) == [b, a]


def test_a_missing_name_is_reported_with_what_there_is(data: DataFolder) -> None:
    write(data.corpora / "poems.txt")
    with pytest.raises(ValueError, match=r"“poesm”.*The library has: poems, .*sample_corpus"):
        find_corpus(["poesm"], data)


@pytest.mark.parametrize(
    "name", ["", ".." + os.sep + "x", "a\0b", "x" * 5000, "[/nope]", "~no-such-user/x", "\ud800"]
)
def test_no_name_crashes(
    name: str, tmp_path: Path, data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)  # beside which there is no “x”
    with pytest.raises(ValueError):  # noqa: PT011  # each has its own sentence
        find_corpus([name], data)


def test_the_library_is_no_way_to_other_folders(data: DataFolder) -> None:
    write(data.root / "secret.txt")
    with pytest.raises(ValueError, match="no file or folder"):
        find_corpus(["../secret"], data)


def test_a_folder_without_texts_is_refused(tmp_path: Path, data: DataFolder) -> None:
    with pytest.raises(ValueError, match=r"has no text files \(\.txt, \.md"):
        find_corpus([str(tmp_path)], data)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path, data: DataFolder) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with pytest.raises(ValueError, match="neither a file nor a folder"):
        find_corpus([str(tmp_path / "pipe.txt")], data)


def test_the_library_lists_the_users_texts_first(data: DataFolder) -> None:
    own = [write(data.corpora / "b.txt"), write(data.corpora / "deep" / "a.txt")]
    assert library(data)[:2] == own
    assert "sample_corpus.txt" in {path.name for path in library(data)[2:]}


def test_a_folder_means_its_texts_of_every_kind(tmp_path: Path, data: DataFolder) -> None:
    folder = tmp_path / "books"
    names = ("a.md", "b.jsonl.gz", "c.CSV", "d.parquet", "e.txt.zst", "f.txt")
    expected = [write(folder / name) for name in names]
    for name in ("cover.png", "archive.tar.gz", "photo.gz", ".hidden.txt"):
        write(folder / name)
    assert find_corpus([str(folder)], data) == expected


def test_a_pattern_means_the_files_that_match_it_sorted(tmp_path: Path, data: DataFolder) -> None:
    folder = tmp_path / "a [b] c"
    expected = [write(folder / name) for name in ("1.log", "2.log")]
    deep = write(folder / "deep" / "3.log")
    write(folder / "4.png")
    assert find_corpus([f"{folder}/*.log"], data) == expected
    assert find_corpus([f"{folder}/?.log"], data) == expected
    assert find_corpus([f"{folder}/**/*.log"], data) == [*expected, deep]
    with pytest.raises(ValueError, match=r"No file matches “.*\.nope”"):
        find_corpus([f"{folder}/*.nope"], data)


def test_a_text_of_the_library_is_named_without_its_ending(data: DataFolder) -> None:
    own = write(data.corpora / "tales.jsonl.gz")
    assert find_corpus(["tales"], data) == [own]
    assert find_corpus(["tales.jsonl.gz"], data) == [own]
