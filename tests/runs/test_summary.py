"""The list of runs shows what is there now, and reads only what changed."""

from __future__ import annotations

import os
import time

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.manage import delete_run, rename_run, set_pinned, write_notes
from minigpt_tui.runs.metrics import EVALUATION, RecordWriter
from minigpt_tui.runs.query import fields, parse_query
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.runs.summary import RunsReader, RunSummary, read_summary
from minigpt_tui.settings import with_settings


def newest(reader: RunsReader) -> list[RunSummary] | None:
    """The last list of one pull; None if there was no news."""
    lists = list(reader.pull(look=True))
    return lists[-1] if lists else None


def settled(run: RunFolder) -> None:
    """Sets the folder's time back, as if its last change were not of this moment."""
    os.utime(run.path, (0, time.time() - 60))


def test_an_empty_folder_is_news_once(data: DataFolder) -> None:
    reader = RunsReader(data)
    assert newest(reader) == []
    assert newest(reader) is None


def test_runs_come_and_go_and_change(data: DataFolder) -> None:
    reader = RunsReader(data)
    one = create_run(data, "one", RunConfig())
    assert [s.run.name for s in newest(reader) or []] == ["one"]
    create_run(data, "two", RunConfig())
    assert [s.run.name for s in newest(reader) or []] == ["two", "one"]
    write_notes(one, "hello")
    assert [s.notes for s in newest(reader) or []] == ["", "hello"]
    write_status(one, Status("completed", best_val_loss=1.5))
    assert (newest(reader) or [])[1].status.state == "completed"
    delete_run(rename_run(one, "three"))
    assert [s.run.name for s in newest(reader) or []] == ["two"]


def test_nothing_is_read_while_nothing_changes(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    write_status(run, Status("completed"))
    settled(run)
    reader = RunsReader(data)
    assert newest(reader) is not None
    run.status_file.write_bytes(b"broken")  # in place: the folder's time stays
    assert newest(reader) is None


def test_a_live_run_is_followed_between_the_looks(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    reader = RunsReader(data)
    with run_lock(run):
        write_status(run, Status("training", step=1))
        assert newest(reader) is not None
        write_status(run, Status("training", step=2))
        lists = list(reader.pull())
        assert [s.status.step for s in lists[-1]] == [2]
    lists = list(reader.pull())  # its owner is gone without a word
    assert [s.status.state for s in lists[-1]] == ["interrupted"]


def test_every_field_of_a_query_has_a_value(data: DataFolder) -> None:
    config = with_settings(RunConfig(), {"lr": 0.02, "corpus": ("stories",)})
    run = create_run(data, "r", config)
    write_status(run, Status("stopped", step=7, best_val_loss=1.25, tokens_per_second=10.0))
    evaluations = RecordWriter(run.evaluations_file, EVALUATION)
    for step, bits, best in ((1, 3.0, 1), (2, 2.0, 1), (3, 2.5, 0)):
        evaluations.append(
            step=step, epoch=step, val_loss=1.0, bits_per_char=2.0, bits_per_byte=bits, best=best
        )
    evaluations.close()
    set_pinned(run, True)
    summary = read_summary(run)
    for field in fields():
        summary.fact(field)
    query = "lr=0.02 corpus=stories state:stop shape:4×256 loss=1.25 bits=2 tok=10 step=7 age<1min"
    assert parse_query(query).matches(summary.fact)
    assert summary.pinned


def test_only_what_left_a_checkpoint_can_be_resumed(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    write_status(run, Status("training", step=3))  # and nobody holds the lock
    assert not read_summary(run).resumable
    run.last.write_bytes(b"x")
    assert read_summary(run).resumable
    run.final.write_bytes(b"x")  # of its first end; then it was trained further
    assert read_summary(run).resumable
    write_status(run, Status("completed", step=3))
    assert not read_summary(run).resumable


@pytest.mark.parametrize("broken", ["config.yaml", "run.json"])
def test_a_broken_run_is_listed_with_its_fault(data: DataFolder, broken: str) -> None:
    run = create_run(data, "r", RunConfig())
    (run.path / broken).write_bytes(b"\xff\x00[")
    (summary,) = newest(RunsReader(data)) or []
    assert broken in summary.problems[0]
    assert parse_query("name=r").matches(summary.fact)
    assert not parse_query("lr>5").matches(summary.fact)
