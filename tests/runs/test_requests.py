"""Another process asks a training to stop or to save, through the run folder."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.lock import run_lock
from minigpt_tui.runs.requests import (
    MAX_REQUESTS,
    requests_folder,
    take_requests,
    waiting_requests,
    withdraw,
    write_request,
)
from minigpt_tui.runs.status import Status, write_status


@pytest.fixture
def run(data: DataFolder) -> RunFolder:
    return create_run(data, "r", RunConfig())


@pytest.fixture
def trained(run: RunFolder) -> Iterator[RunFolder]:
    """A run that this process owns and says to train."""
    with run_lock(run):
        write_status(run, Status("training"))
        yield run


def test_requests_are_taken_once_and_in_order(trained: RunFolder) -> None:
    assert take_requests(trained) == []
    for kind in ("checkpoint", "pause", "resume", "stop"):
        write_request(trained, kind)
    assert waiting_requests(trained) == ["checkpoint", "pause", "resume", "stop"]
    assert take_requests(trained) == ["checkpoint", "pause", "resume", "stop"]
    assert take_requests(trained) == []
    assert waiting_requests(trained) == []


def test_a_request_can_be_taken_back_until_it_is_taken(trained: RunFolder) -> None:
    request = write_request(trained, "stop")
    assert withdraw(request)
    assert take_requests(trained) == []
    request = write_request(trained, "stop")
    assert take_requests(trained) == ["stop"]
    assert not withdraw(request)


def test_nothing_is_left_in_the_run_folder(trained: RunFolder) -> None:
    before = sorted(os.listdir(trained.path))
    write_request(trained, "stop")
    take_requests(trained)
    assert sorted(os.listdir(trained.path)) == before


def test_another_process_asks(trained: RunFolder) -> None:
    code = (
        "import sys; from pathlib import Path\n"
        "from minigpt_tui.runs.folder import RunFolder\n"
        "from minigpt_tui.runs.requests import write_request\n"
        "write_request(RunFolder(Path(sys.argv[1])), 'stop')"
    )
    subprocess.run([sys.executable, "-c", code, str(trained.path)], check=True)
    assert take_requests(trained) == ["stop"]


def test_a_run_that_nobody_trains_is_asked_nothing(run: RunFolder) -> None:
    with pytest.raises(ValueError, match="Nobody is training r"):
        write_request(run, "stop")
    write_status(run, Status("training"))  # its owner was killed
    with pytest.raises(ValueError, match="Nobody is training r"):
        write_request(run, "stop")


def test_a_stop_that_came_too_late_does_not_end_the_next_training(
    run: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    with run_lock(run):
        write_status(run, Status("training"))
        write_request(run, "stop")
    time.sleep(0.02)  # the clock of some file systems ticks a hundred times a second
    with run_lock(run), caplog.at_level(logging.INFO):
        assert waiting_requests(run) == ["stop"]
        assert take_requests(run) == []
        assert waiting_requests(run) == []
        write_request(run, "checkpoint")
        assert take_requests(run) == ["checkpoint"]
    assert "older than this training" in caplog.text


def test_garbage_is_dropped_and_named_once(
    trained: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    write_request(trained, "checkpoint")
    folder = requests_folder(trained)
    (folder / "00000000000000000000-explode-00000000").touch()
    (folder / "\x1b[31m").touch()
    (folder / "00000000000000000001-stop-00000000").mkdir()
    (folder / "00000000000000000002-stop-00000000").symlink_to("/etc/passwd")
    with caplog.at_level(logging.INFO):
        assert take_requests(trained) == ["checkpoint"]
        assert caplog.text.count("Not a request") == 4
        assert "\x1b" not in caplog.text
        assert take_requests(trained) == []
        assert caplog.text.count("Not a request") == 4


def test_a_flood_is_bounded(trained: RunFolder) -> None:
    folder = requests_folder(trained)
    folder.mkdir()
    for number in range(MAX_REQUESTS + 50):
        (folder / f"{number:020d}-checkpoint-00000000").touch()
    assert len(take_requests(trained)) == MAX_REQUESTS
    assert take_requests(trained) == []


def test_a_file_in_the_place_of_the_folder_is_removed(trained: RunFolder) -> None:
    requests_folder(trained).write_text("stop")
    with pytest.raises(ValueError, match="Cannot ask"):
        write_request(trained, "stop")
    assert take_requests(trained) == []
    write_request(trained, "stop")
    assert take_requests(trained) == ["stop"]


def test_without_an_owner_nothing_is_taken(run: RunFolder) -> None:
    with run_lock(run):
        write_status(run, Status("training"))
        write_request(run, "stop")
    assert take_requests(run) == []


def test_none_is_lost_while_they_are_taken(trained: RunFolder) -> None:
    """Two that ask at the same time as the training takes: each request arrives once."""
    asking = [
        threading.Thread(
            target=lambda: [write_request(trained, "checkpoint") for _ in range(50)], daemon=True
        )
        for _ in range(2)
    ]
    for thread in asking:
        thread.start()
    taken = 0
    while any(thread.is_alive() for thread in asking):
        taken += len(take_requests(trained))
    assert taken + len(take_requests(trained)) == 100
