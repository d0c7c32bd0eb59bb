"""The checkpoints of a run are listed with what the run knows of them."""

from __future__ import annotations

import dataclasses

import pytest

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint_files import checkpoint_files
from minigpt_tui.runs.folder import create_run, read_info, write_info
from minigpt_tui.runs.journal import append_line
from minigpt_tui.runs.metrics import EVALUATION, RecordWriter


def test_step_epoch_and_loss_come_from_the_records(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    write_info(run, dataclasses.replace(read_info(run), steps_per_epoch=10))
    for name, step in (("best_model.pt", 10), ("best_model.pt", 20), ("last_state.pt", 25)):
        (run.path / name).write_bytes(b"x" * step)
        append_line(run.events_file, {"event": "checkpoint", "file": name, "step": step})
    run.epoch_checkpoint(3).write_bytes(b"")  # copied here by hand
    evaluations = RecordWriter(run.evaluations_file, EVALUATION)
    for step in (10, 20):
        evaluations.append(
            step=step, epoch=1, val_loss=30 / step, bits_per_char=0, bits_per_byte=0, best=1
        )
    evaluations.close()

    found = [(f.path.name, f.bytes, f.step, f.epoch, f.val_loss) for f in checkpoint_files(run)]
    assert found == [
        ("best_model.pt", 20, 20, 2.0, 1.5),
        ("last_state.pt", 25, 25, 2.5, None),
        ("checkpoint_epoch_3.pt", 0, None, None, None),
    ]


def test_a_broken_journal_is_named(data: DataFolder) -> None:
    run = create_run(data, "r", RunConfig())
    run.events_file.write_text("{\n")
    with pytest.raises(ValueError, match=r"events\.jsonl"):
        checkpoint_files(run)
