"""Which texts can be chosen, and what a typed path means."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.library import find_corpus
from minigpt_tui.tui.corpus.text_choices import (
    DISK,
    OWN,
    PROGRAM,
    RECENT_TEXTS,
    choice_of,
    disk_choice,
    opened_choice,
    text_choices,
    with_recent,
)


def test_samples_come_first_then_own_texts_then_recent_ones(
    data: DataFolder, tmp_path: Path
) -> None:
    (data.corpora / "Zebra.txt").write_text("z")
    (data.corpora / "apple.txt").write_text("a")
    recent = tmp_path / "recent.txt"
    recent.write_text("r")
    choices = text_choices(data, [str(recent)])
    labels = [choice.label for choice in choices]
    assert labels == ["sample_corpus", "stories", "apple", "Zebra", "recent.txt"]
    assert [c.shelf for c in choices] == [PROGRAM, PROGRAM, OWN, OWN, DISK]
    assert choices[-1].names == (str(recent),)


def test_a_folder_of_the_library_is_one_text(data: DataFolder) -> None:
    folder = data.corpora / "poems"
    folder.mkdir()
    (folder / "a.txt").write_text("a")
    (folder / "b.txt").write_text("b")
    (poems,) = [c for c in text_choices(data, []) if c.shelf == OWN]
    assert poems.label == "poems/"
    assert find_corpus(poems.names, data) == [folder / "a.txt", folder / "b.txt"]


def test_every_choice_names_the_text_that_it_shows(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path in the working folder wins over a name of the library, and own texts over samples."""
    (data.corpora / "stories.txt").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "sample_corpus").write_text("something else")
    monkeypatch.chdir(elsewhere)
    for choice in text_choices(data, []):
        (file,) = find_corpus(choice.names, data)
        assert (file.parent == data.corpora) == (choice.shelf == OWN)


def test_a_relative_path_becomes_absolute(
    data: DataFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here.txt").write_text("text")
    monkeypatch.chdir(tmp_path)
    choice = opened_choice("here.txt", data, text_choices(data, []))
    assert choice.names == (str(tmp_path / "here.txt"),)
    assert choice.shelf == DISK


def test_the_path_of_a_library_text_means_that_text(data: DataFolder) -> None:
    (data.corpora / "mine.txt").write_text("text")
    choices = text_choices(data, [])
    assert opened_choice(str(data.corpora / "mine.txt"), data, choices).names == ("mine",)
    assert opened_choice("sample_corpus", data, choices).shelf == PROGRAM


@pytest.mark.parametrize("typed", ["", "  ", "/no/such/file", "~nobody-of-that-name/x", "a\0b"])
def test_a_path_that_means_nothing_is_refused_in_words(data: DataFolder, typed: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        opened_choice(typed, data, text_choices(data, []))


def test_a_configuration_may_name_what_is_not_listed(tmp_path: Path) -> None:
    gone = str(tmp_path / "gone.txt")
    assert choice_of((gone,), ()).names == (gone,)
    assert disk_choice((gone, "other")).label == "gone.txt +1"


def test_recent_texts_are_kept_newest_first_and_each_once() -> None:
    recent: list[str] = []
    for number in [*range(RECENT_TEXTS + 3), 5]:
        recent = with_recent(recent, disk_choice((f"/texts/{number}",)))
    assert recent[0] == "/texts/5"
    assert len(recent) == len(set(recent)) == RECENT_TEXTS
