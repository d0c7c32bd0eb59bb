"""`runs verify` names what is damaged, and a replay repeats what was recorded."""

from __future__ import annotations

import pytest

from minigpt_tui.jobs.train import train_new, train_resumed
from minigpt_tui.jobs.verify import verify_files, verify_replay
from minigpt_tui.runs.metrics import METRIC
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone


@pytest.fixture
def run(config, data):
    return train_new(config, data, Control(), name="pets").run


def test_a_whole_run_passes(run):
    checks = list(verify_files(run))
    assert all(check.passed for check in checks), checks
    assert {"config.yaml", "metrics.bin", "best_model.pt", "checkpoint_epoch_2.pt"} <= {
        check.what for check in checks
    }


@pytest.mark.parametrize("name", ["best_model.pt", "config.yaml", "tokenizer.json", "metrics.bin"])
def test_a_damaged_file_is_named(run, name):
    path = run.path / name
    path.write_bytes(b"{" + path.read_bytes()[:20])
    failed = [check.what for check in verify_files(run) if not check.passed]
    assert failed == [name]


def test_a_replay_repeats_what_was_recorded(run, data):
    (check,) = verify_replay(run, data)
    assert check.passed, check
    assert "as recorded" in check.detail


def test_without_a_periodic_checkpoint_the_start_is_replayed(config, data):
    config = with_settings(config, {"checkpoint_every": 0, "dropout": 0.1})
    run = train_new(config, data, Control()).run
    (check,) = verify_replay(run, data)
    assert check.passed, check
    assert "start" in check.what
    assert "as recorded" in check.detail


def test_a_replay_repeats_the_steering_too(config, data):
    control = Control()
    config = with_settings(config, {"checkpoint_every": 1, "schedule": "constant"})

    def steer(event):
        if isinstance(event, StepDone) and event.epoch == 2 and event.batch == 1:
            control.set_learning_rate(1e-5)

    run = train_new(config, data, control, on_event=steer).run
    checks = list(verify_replay(run, data))
    assert len(checks) == 3
    assert all(check.passed for check in checks), checks


def test_a_replay_on_another_record_fails(run, data):
    from minigpt_tui.runs.metrics import METRIC, RecordWriter, read_records

    rows = read_records(run.metrics_file, METRIC).copy()
    run.metrics_file.unlink()
    writer = RecordWriter(run.metrics_file, METRIC)
    for row in rows:
        writer.append(**{n: row[n].item() + (0.1 if n == "loss" else 0) for n in METRIC.names})
    writer.close()
    (check,) = verify_replay(run, data)
    assert not check.passed
    assert "recorded" in check.detail


def test_figures_that_are_not_those_that_were_written_are_named(config, data):
    run = train_new(config, data, Control()).run
    raw = bytearray(run.metrics_file.read_bytes())
    raw[-METRIC.itemsize + 17] ^= 0x10
    run.metrics_file.write_bytes(raw)
    [bad] = [check for check in verify_files(run) if not check.passed]
    assert (bad.what, "damaged" in bad.detail) == ("metrics.bin", True)


def test_another_vocabulary_is_named_and_not_resumed(config, data):
    run = train_new(config, data, Control()).run
    text = run.tokenizer_file.read_text()
    run.tokenizer_file.write_text(text.replace('"t": ', '"T": '))
    [bad] = [check for check in verify_files(run) if not check.passed]
    assert bad.what == "tokenizer.json"
    with pytest.raises(ValueError, match=r"tokenizer\.json is damaged"):
        train_resumed(run, data, Control())
