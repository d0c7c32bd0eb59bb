"""Runs are renamed, noted, pinned, deleted and brought back, and never while they are trained."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run, find_run, list_runs, read_config
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.manage import (
    MAX_NOTES_BYTES,
    delete_run,
    deleted_runs,
    empty_trash,
    is_pinned,
    notes_file,
    read_notes,
    rename_run,
    restore_run,
    set_pinned,
    write_notes,
)
from minigpt_tui.runs.status import Status, write_status


@pytest.fixture
def run(data: DataFolder) -> RunFolder:
    return create_run(data, "first", RunConfig())


def names(data: DataFolder) -> list[str]:
    return sorted(run.name for run in list_runs(data))


def test_a_renamed_run_is_found_by_its_new_name(data: DataFolder, run: RunFolder) -> None:
    write_notes(run, "keep me")
    renamed = rename_run(run, "second")
    assert find_run(data, "second") == renamed
    assert read_notes(renamed) == "keep me"
    assert names(data) == ["second"]
    assert rename_run(renamed, "second") == renamed


@pytest.mark.parametrize("name", ["", "..", "a/b", ".hidden", "con", "x" * 65, "two\nlines"])
def test_an_unsafe_name_is_refused(data: DataFolder, run: RunFolder, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be a name of a run"):
        rename_run(run, name)
    assert names(data) == ["first"]


def test_a_taken_name_is_refused(data: DataFolder, run: RunFolder) -> None:
    create_run(data, "other", RunConfig())
    with pytest.raises(ValueError, match="already a run “other”"):
        rename_run(run, "other")
    assert names(data) == ["first", "other"]


def test_a_run_in_training_is_neither_renamed_nor_deleted(data: DataFolder, run: RunFolder) -> None:
    with run_lock(run):
        with pytest.raises(ValueError, match="stop it first"):
            rename_run(run, "second")
        with pytest.raises(ValueError, match="stop it first"):
            delete_run(run)
    assert names(data) == ["first"]


def test_on_another_host_the_status_protects_a_run(run: RunFolder) -> None:
    write_status(run, Status("training", host="elsewhere", heartbeat=time.time()))
    with pytest.raises(ValueError, match="stop it first"):
        delete_run(run)


def test_a_deleted_run_comes_back_as_it_was(data: DataFolder, run: RunFolder) -> None:
    deleted = delete_run(run)
    assert list_runs(data) == []
    assert deleted_runs(data) == [deleted]
    assert restore_run(data, deleted) == run
    assert read_config(run) == RunConfig()
    assert deleted_runs(data) == []


def test_the_last_deleted_is_first_in_the_trash(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    for second, name in enumerate(("a", "b", "c")):
        monkeypatch.setattr(time, "time", lambda now=1e9 + second: now)
        delete_run(create_run(data, name, RunConfig()))
    assert [deleted.name for deleted in deleted_runs(data)] == ["c", "b", "a"]


def test_a_name_can_be_deleted_twice_and_comes_back_once(data: DataFolder, run: RunFolder) -> None:
    first = delete_run(run)
    second = delete_run(create_run(data, "first", RunConfig()))
    restore_run(data, second)
    with pytest.raises(ValueError, match="another run has that name"):
        restore_run(data, first)
    assert deleted_runs(data) == [first]
    with pytest.raises(ValueError, match="does not exist any more"):
        delete_run(RunFolder(data.runs / "nowhere"))


def test_the_trash_keeps_a_week(data: DataFolder, run: RunFolder) -> None:
    delete_run(run)
    old = data.runs / ".trash" / f"old~{int(time.time()) - 8 * 86_400}-0123abcd"
    old.mkdir()
    (old / "best_model.pt").write_bytes(b"x")
    assert [deleted.name for deleted in empty_trash(data)] == ["old"]
    assert [deleted.name for deleted in deleted_runs(data)] == ["first"]
    assert [deleted.name for deleted in empty_trash(data, older_than=0)] == ["first"]
    assert deleted_runs(data) == []


def test_what_is_not_of_the_trash_stays(data: DataFolder, tmp_path: Path) -> None:
    outside = tmp_path / "precious"
    outside.mkdir()
    (outside / "file").write_text("x")
    trash = data.runs / ".trash"
    trash.mkdir()
    (trash / "by hand").mkdir()
    (trash / "link~5-0123abcd").symlink_to(outside)
    empty_trash(data, older_than=0)
    assert os.listdir(trash) == ["by hand"]
    assert (outside / "file").read_text() == "x"


def test_notes_come_back_and_empty_ones_are_gone(run: RunFolder) -> None:
    assert read_notes(run) == ""
    write_notes(run, "  lower lr\nnext time ✓ ")
    assert read_notes(run) == "lower lr\nnext time ✓"
    write_notes(run, " ")
    assert not notes_file(run).exists()


def test_notes_that_are_too_long_are_refused_and_the_old_ones_stay(run: RunFolder) -> None:
    write_notes(run, "old")
    with pytest.raises(ValueError, match="at most"):
        write_notes(run, "x" * (MAX_NOTES_BYTES + 1))
    assert read_notes(run) == "old"


def test_foreign_notes_do_no_harm(run: RunFolder) -> None:
    notes_file(run).write_bytes(b"caf\xe9 " + b"y" * 1_000_000)
    assert len(read_notes(run)) <= MAX_NOTES_BYTES
    notes_file(run).unlink()
    notes_file(run).mkdir()
    with pytest.raises(ValueError, match="notes of first"):
        read_notes(run)


@given(text=st.text())
def test_any_text_can_be_a_note(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    run = RunFolder(tmp_path_factory.mktemp("run"))
    write_notes(run, text)
    expected = text.strip().encode("utf-8", "replace").decode("utf-8").strip()
    assert read_notes(run) == expected


def test_a_pin_is_kept_with_the_run(run: RunFolder) -> None:
    assert not is_pinned(run)
    set_pinned(run, True)
    set_pinned(run, True)
    renamed = rename_run(run, "second")
    assert is_pinned(renamed)
    set_pinned(renamed, False)
    set_pinned(renamed, False)
    assert not is_pinned(renamed)
