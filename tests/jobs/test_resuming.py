"""Which checkpoint a run goes on from, and what is not taken for there being none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.jobs.resuming import newest_checkpoint, remove_beyond
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run, read_info
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control


@pytest.fixture
def run(config: RunConfig, data: DataFolder) -> RunFolder:
    """A run of three epochs with a checkpoint of each, and the final one."""
    return train_new(with_settings(config, {"checkpoint_every": 1}), data, Control()).run


def test_the_newest_whole_checkpoint_counts(
    run: RunFolder, caplog: pytest.LogCaptureFixture
) -> None:
    assert newest_checkpoint(run) == run.final
    run.final.write_bytes(run.final.read_bytes()[:-9])
    assert newest_checkpoint(run) == run.epoch_checkpoint(3)
    assert "final_model.pt" in caplog.text
    run.epoch_checkpoint(3).unlink()
    assert newest_checkpoint(run) == run.epoch_checkpoint(2)
    assert newest_checkpoint(run, up_to_step=0) is None


def test_a_folder_that_is_away_is_not_taken_for_an_empty_one(
    run: RunFolder, tmp_path: Path
) -> None:
    run.path.rename(tmp_path / "elsewhere")
    with pytest.raises(FileNotFoundError):
        newest_checkpoint(run)
    with pytest.raises(FileNotFoundError):
        remove_beyond(run, 0)


def test_a_checkpoint_that_cannot_be_reached_is_not_passed_by(run: RunFolder) -> None:
    os.symlink("/no/such/disk/last_state.pt", run.last)
    with pytest.raises(ValueError, match="There is no file"):
        newest_checkpoint(run)


def test_what_lies_beyond_a_step_is_removed(run: RunFolder) -> None:
    kept = newest_checkpoint(run, up_to_step=2 * _steps_per_epoch(run))
    assert kept == run.epoch_checkpoint(2)
    remove_beyond(run, 2 * _steps_per_epoch(run))
    assert list(run.epoch_checkpoints()) == [1, 2]


def test_a_new_run_has_none(data: DataFolder) -> None:
    assert newest_checkpoint(create_run(data, "new", RunConfig())) is None


def _steps_per_epoch(run: RunFolder) -> int:
    return read_info(run).steps_per_epoch
