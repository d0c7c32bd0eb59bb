"""What the log cannot write is lost, and nothing else with it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from minigpt_tui.log_file import LogFile

FULL = Path("/dev/full")
RECORD = logging.LogRecord("minigpt_tui", logging.INFO, "here", 1, "a line", (), None)


def test_lines_are_appended(tmp_path: Path) -> None:
    for _ in range(2):
        log = LogFile(tmp_path / "run.log")
        log.emit(RECORD)
        log.close()
    assert (tmp_path / "run.log").read_text() == "a line\na line\n"


@pytest.mark.skipif(not FULL.exists(), reason="needs a device that is always full")
def test_a_full_disk_harms_nobody(capsys: pytest.CaptureFixture[str]) -> None:
    log = LogFile(FULL)
    log.emit(RECORD)
    log.close()
    assert capsys.readouterr() == ("", "")


def test_a_folder_that_is_gone_harms_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = LogFile(tmp_path / "gone" / "run.log")
    log.emit(RECORD)
    log.close()
    assert capsys.readouterr() == ("", "")
