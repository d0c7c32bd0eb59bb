"""What is no regular file is refused at once, and holds nobody up."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.folder import create_run, list_runs
from minigpt_tui.runs.lock import is_locked
from minigpt_tui.runs.summary import read_summary

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs named pipes")


def test_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"content")
    with open_regular(tmp_path / "file") as file:
        assert file.read() == b"content"


def test_a_pipe_a_folder_and_a_device_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero"), tmp_path / "none"):
        with pytest.raises(OSError, match=r"regular|directory"):
            open_regular(path)


def test_pipes_in_a_run_do_not_hold_up_the_list(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    for path in (run.status_file, run.info_file, run.metrics_file, run.lock_file, run.events_file):
        path.unlink(missing_ok=True)
        os.mkfifo(path)
    assert list_runs(data) == [run]
    assert not is_locked(run)
    row = read_summary(run)
    assert row.status.state == "unknown"
    assert any("run.json" in problem for problem in row.problems)
