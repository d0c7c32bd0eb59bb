"""One owner for each run, known to everyone and gone with its process."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.lock import is_locked, run_lock

HOLDER = (
    "import sys; from pathlib import Path\n"
    "from minigpt_tui.runs.folder import RunFolder; from minigpt_tui.runs.lock import run_lock\n"
    "with run_lock(RunFolder(Path(sys.argv[1]))):\n"
    "    print('held', flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def run(data: DataFolder) -> RunFolder:
    return create_run(data, "r", RunConfig())


def _hold(run: RunFolder) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_run_is_locked_for_the_length_of_the_block(run: RunFolder) -> None:
    assert not is_locked(run)
    for _ in range(2):
        with run_lock(run):
            assert is_locked(run)
        assert not is_locked(run)


def test_the_lock_ends_with_an_exception(run: RunFolder) -> None:
    with pytest.raises(KeyError), run_lock(run):
        raise KeyError
    assert not is_locked(run)
    with run_lock(run):
        pass


def test_asking_creates_nothing(run: RunFolder) -> None:
    before = sorted(os.listdir(run.path))
    assert not is_locked(run)
    assert sorted(os.listdir(run.path)) == before


def test_a_lock_file_left_behind_means_nothing(run: RunFolder) -> None:
    run.lock_file.write_text("123")
    assert not is_locked(run)
    with run_lock(run):
        assert is_locked(run)


def test_another_thread_of_the_process_is_refused(run: RunFolder) -> None:
    errors: list[str] = []

    def try_it() -> None:
        try:
            with run_lock(run):
                errors.append("let in")
        except ValueError as error:
            errors.append(str(error))

    with run_lock(run):
        thread = threading.Thread(target=try_it)
        thread.start()
        thread.join()
        assert is_locked(run)
    assert errors == ["The run r is being trained by this process."]


def test_another_process_is_refused_with_the_owner_named(run: RunFolder) -> None:
    process = _hold(run)
    try:
        assert is_locked(run)
        with (
            pytest.raises(ValueError, match=rf"another process \(pid {process.pid}\)"),
            run_lock(run),
        ):
            pass
        for _ in range(50):
            assert is_locked(run)
        # Neither the refusal nor the asking has opened it to others.
        with pytest.raises(ValueError, match="another process"), run_lock(run):
            pass
    finally:
        process.communicate("")
    assert not is_locked(run)


def test_the_lock_of_a_killed_process_is_gone(run: RunFolder) -> None:
    process = _hold(run)
    process.kill()
    process.communicate()
    assert run.owner_file.exists()
    assert not is_locked(run)
    with run_lock(run):
        assert is_locked(run)


def test_those_who_look_keep_nobody_out(run: RunFolder) -> None:
    with run_lock(run):
        pass
    done = threading.Event()
    seen: list[bool] = []

    def look() -> None:
        while not done.is_set():
            seen.append(is_locked(run))

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    time.sleep(0.05)
    assert not any(list(seen))
    try:
        for _ in range(20):
            with run_lock(run):
                pass
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_a_deleted_run_cannot_be_locked(run: RunFolder) -> None:
    gone = RunFolder(run.path.with_name("gone"))
    assert not is_locked(gone)
    with pytest.raises(ValueError, match="does not exist any more"), run_lock(gone):
        pass
    assert not gone.path.exists()


@pytest.mark.skipif(os.name == "nt", reason="needs links and pipes")
@pytest.mark.parametrize("name", ["events.jsonl", "metrics.bin", "run.log", "run.lock"])
def test_a_run_is_not_trained_through_a_link_or_a_pipe(run: RunFolder, name: str) -> None:
    victim = run.path.parent.parent / "victim"
    victim.write_bytes(b"precious")
    (run.path / name).symlink_to(victim)
    with pytest.raises(ValueError, match="leads elsewhere"), run_lock(run):
        pass
    assert victim.read_bytes() == b"precious"
    (run.path / name).unlink()
    os.mkfifo(run.path / name)
    with pytest.raises(ValueError, match="not a regular file"), run_lock(run):
        pass
