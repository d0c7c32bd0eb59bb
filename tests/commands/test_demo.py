"""The demo's folder goes with it, unless somebody still works in it."""

from __future__ import annotations

import io
import os
import tempfile
import time
from contextlib import ExitStack

import pytest

from minigpt_tui.commands import demo
from minigpt_tui.config_files import load_preset
from minigpt_tui.runs.folder import create_run
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.status import Status, write_status


@pytest.fixture(autouse=True)
def temporary(tmp_path, monkeypatch):
    """A place for temporary folders of its own, and a demo that trains nothing."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(demo, "RUNS", {})
    return tmp_path


def test_the_folder_is_removed_when_the_workbench_is_closed():
    with demo.demo_folder(io.StringIO()) as data:
        assert data.runs.is_dir()
    assert not data.root.exists()


def test_the_folder_is_removed_when_it_ends_in_a_fault():
    with pytest.raises(KeyboardInterrupt), demo.demo_folder(io.StringIO()) as data:
        raise KeyboardInterrupt
    assert not data.root.exists()


def test_a_training_in_the_background_keeps_its_folder():
    out = io.StringIO()
    with ExitStack() as another_process:
        with demo.demo_folder(out) as data:
            run = create_run(data, "long", load_preset("tiny"))
            another_process.enter_context(run_lock(run))
            write_status(run, Status(state="training"))
        assert run.path.is_dir()
    assert f"long goes on training, so {data.root} stays." in out.getvalue()


def test_what_a_killed_demo_left_is_removed_a_day_later(temporary):
    old, new, other = (
        temporary / name for name in ("minigpt-tui-demo-a", "minigpt-tui-demo-b", "x")
    )
    for folder in (old, new, other):
        (folder / "runs").mkdir(parents=True)
    two_days_ago = time.time() - 2 * 86_400
    os.utime(old, (two_days_ago, two_days_ago))
    os.utime(other, (two_days_ago, two_days_ago))
    with demo.demo_folder(io.StringIO()):
        assert not old.exists()
        assert new.exists()
        assert other.exists()
