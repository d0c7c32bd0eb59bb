"""What was deleted can be brought back for a week."""

from __future__ import annotations

import time

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run
from minigpt_tui.runs.manage import delete_run, deleted_runs
from minigpt_tui.tui.old_trash import empty_old_trash


def test_what_was_deleted_long_ago_goes_at_the_start(data: DataFolder) -> None:
    deleted = delete_run(create_run(data, "new", RunConfig()))
    old = deleted.path.with_name(f"old~{int(time.time()) - 9 * 86_400}-0123abcd")
    old.mkdir()
    empty_old_trash(data)
    assert deleted_runs(data) == [deleted]
