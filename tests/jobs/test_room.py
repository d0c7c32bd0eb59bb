"""A write that is refused is tried again until it is done, or until the training is stopped."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_yaml
from minigpt_tui.jobs import room as module
from minigpt_tui.jobs.room import Room
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.settings import parse_setting
from minigpt_tui.temporary_files import temporary_beside
from minigpt_tui.training.control import Control


@pytest.fixture
def run(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> RunFolder:
    monkeypatch.setattr(module, "RETRY_SECONDS", 0.01)
    return create_run(data, "r", RunConfig())


def test_what_was_refused_is_written_when_the_folder_is_back(
    run: RunFolder, tmp_path: Path
) -> None:
    told: list[str | None] = []
    waited: list[float] = []
    elsewhere = tmp_path / "elsewhere"

    def tell(reason: str | None) -> None:
        told.append(reason)
        if len(told) == 3:
            elsewhere.rename(run.path)

    room = Room(run, Control(), tell, waited.append)
    run.path.rename(elsewhere)
    room.write(lambda: write_atomic(run.path / "file", b"content"), needed=3_000_000)
    assert (run.path / "file").read_bytes() == b"content"
    *reasons, last = told
    assert last is None
    assert len(reasons) == 3
    assert all(reason and "is gone, and 3 MB are to be written" in reason for reason in reasons)
    assert waited[0] > 0


def test_what_was_begun_in_vain_is_gone_when_the_folder_is_back(
    run: RunFolder, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    begun = temporary_beside(run.path / "best_model.pt")

    def write() -> None:
        if not begun.exists():
            begun.write_bytes(b"half of it")
            run.path.rename(elsewhere)  # before it can be removed
            raise FileNotFoundError(errno.ENOENT, "it is gone")

    def tell(reason: str | None) -> None:
        if reason is not None:
            elsewhere.rename(run.path)

    Room(run, Control(), tell, lambda seconds: None).write(write)
    assert not begun.exists()


def test_a_refusal_that_was_put_into_words_is_waited_for(run: RunFolder, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    run.path.rename(elsewhere)

    def tell(reason: str | None) -> None:
        if reason is not None:
            elsewhere.rename(run.path)

    room = Room(run, Control(), tell, lambda seconds: None)
    assert room.write(lambda: load_yaml(run.config_file)) == RunConfig()
    with pytest.raises(ValueError, match="no number"):
        room.write(lambda: parse_setting("lr", "no number"))


def test_a_stop_ends_the_wait_with_what_was_refused(run: RunFolder) -> None:
    control = Control()
    room = Room(run, control, lambda reason: control.stop(), lambda seconds: None)
    with pytest.raises(FileNotFoundError):
        room.write(lambda: write_atomic(run.path / "none" / "file", b""))


def test_who_was_stopped_before_still_waits_to_save_what_it_has_learned(run: RunFolder) -> None:
    control = Control()
    control.stop()
    place = run.path / "back"

    def tell(reason: str | None) -> None:
        place.mkdir(exist_ok=True)

    room = Room(run, control, tell, lambda seconds: None)
    room.write(lambda: write_atomic(place / "last_state.pt", b"learned"))
    assert (place / "last_state.pt").read_bytes() == b"learned"


def test_a_fault_of_ours_is_not_waited_for(run: RunFolder) -> None:
    def fail() -> None:
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        Room(run, Control(), lambda reason: None, lambda seconds: None).write(fail)
