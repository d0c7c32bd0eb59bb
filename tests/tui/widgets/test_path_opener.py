"""Completing a path as it is typed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minigpt_tui.tui.widgets.path_opener import DiskTree, completed_path, typed_folder


def test_a_name_is_completed_and_a_folder_gets_its_separator(tmp_path: Path) -> None:
    (tmp_path / "stories.txt").touch()
    (tmp_path / "poems").mkdir()
    assert completed_path(f"{tmp_path}/sto") == f"{tmp_path}/stories.txt"
    assert completed_path(f"{tmp_path}/po") == f"{tmp_path}/poems{os.sep}"


def test_hidden_names_and_unshowable_ones_are_left_out(tmp_path: Path) -> None:
    (tmp_path / ".hidden").touch()
    (tmp_path / "a\x1b[31m").touch()
    assert completed_path(f"{tmp_path}/a") is None
    assert completed_path(f"{tmp_path}/") is None
    assert completed_path(f"{tmp_path}/.h") == f"{tmp_path}/.hidden"


@pytest.mark.parametrize("typed", ["", "/no/such/folder/x", "~nobody-of-that-name/x", "a\0b/c"])
def test_what_means_nothing_is_not_completed(typed: str) -> None:
    assert completed_path(typed) is None
    assert typed_folder(typed) is None


def test_the_home_folder_keeps_its_tilde(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "notes.txt").touch()
    assert completed_path("~/no") == "~/notes.txt"
    assert typed_folder("~/no") == str(tmp_path)


def test_the_tree_is_narrowed_to_what_is_typed(tmp_path: Path) -> None:
    names = ["Alpha one.txt", "alpha two", "beta", ".alpha"]
    tree = DiskTree(tmp_path)
    paths = [tmp_path / name for name in names]
    assert tree.filter_paths(paths) == paths[:3]
    assert tree.narrow("ALPHA tw")
    assert not tree.narrow("alpha TW")
    assert tree.filter_paths(paths) == [tmp_path / "alpha two"]
    inside = [tmp_path / "alpha two" / name for name in ("x", "y")]
    assert tree.filter_paths(inside) == inside, "an unfolded folder shows all that it has"
    tree.narrow("nothing like it")
    assert tree.filter_paths(paths) == paths[:3]
