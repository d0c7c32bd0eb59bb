"""Figures go to other programs as well, and whatever those do, the training goes on."""

from __future__ import annotations

import struct
import sys

import numpy as np
import pytest

from minigpt_tui.interop.tensorboard_files import read_scalars
from minigpt_tui.jobs.train import train_new, train_resumed
from minigpt_tui.runs.folder import list_runs
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.metrics import EVALUATION, METRIC, read_records
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Diagnosed, StepDone


def test_tensorboard_gets_the_figures_of_the_run(config, data):
    run = train_new(with_settings(config, {"log": "tensorboard"}), data, Control()).run
    [file] = (run.path / "tensorboard").iterdir()
    logged = {(tag, step): value for step, tag, value in read_scalars(file)}
    metrics = read_records(run.metrics_file, METRIC)
    steps = [step for tag, step in logged if tag == "train/loss"]
    assert steps[0] == 1
    for step in steps:
        row = metrics[step - 1]
        assert logged["train/loss", step] == row["loss"]
        assert logged["train/lr", step] == row["lr"]
        assert logged["train/grad_norm", step] == row["grad_norm"]
    for row in read_records(run.evaluations_file, EVALUATION):
        assert logged["val/loss", row["step"]] == np.float32(row["val_loss"])
    samples = read_lines(run.samples_file)
    assert samples[-1]["text"].encode() in file.read_bytes()


def test_a_resumed_run_goes_on_in_another_file(config, data):
    control = Control()

    def listen(event):
        if isinstance(event, StepDone) and event.step == 5:
            control.stop()

    run = train_new(with_settings(config, {"log": "tensorboard"}), data, control, on_event=listen)
    train_resumed(run.run, data, Control())
    files = sorted((run.run.path / "tensorboard").iterdir())
    assert len(files) == 2
    assert min(step for step, _, _ in read_scalars(files[1])) > 5


def test_a_logger_that_fails_is_said_once_and_ends_nothing(config, data):
    heard = []
    run = train_new(
        with_settings(config, {"log": "tensorboard"}),
        data,
        Control(),
        on_run=lambda run: (run.path / "tensorboard").write_text("in the way"),
        on_event=heard.append,
    )
    assert run.state == "completed"
    [finding] = [e for e in heard if isinstance(e, Diagnosed) and e.kind == "log"]
    assert "Logging to tensorboard has ended: FileExistsError" in finding.message
    recorded = [e for e in read_lines(run.run.events_file) if e["event"] == "diagnosis"]
    assert [e["message"] for e in recorded if e["kind"] == "log"] == [finding.message]
    plain = train_new(config, data, Control()).run
    mine, others = (read_records(r.metrics_file, METRIC)["loss"] for r in (run.run, plain))
    assert np.array_equal(mine, others), "logging changes nothing in the training"


def test_without_wandb_the_extra_is_named_before_the_work(config, data, monkeypatch):
    monkeypatch.setitem(sys.modules, "wandb", None)
    with pytest.raises(ValueError, match=r"pip install 'minigpt-tui\[wandb\]'"):
        train_new(with_settings(config, {"log": "wandb"}), data, Control())
    assert list_runs(data) == []


def wandb_rows(raw):
    """The rows of figures in a file of wandb: records of LevelDB's log, each a message."""
    from wandb.proto.wandb_internal_pb2 import Record

    rows, at = [], 7  # behind the file's own head
    while at < len(raw):
        if 32_768 - at % 32_768 < 7:  # no record begins in the last bytes of a block
            at += 32_768 - at % 32_768
        length, kind = struct.unpack_from("<HB", raw, at + 4)
        assert kind == 1, "this small file has no record across two blocks"
        items = Record.FromString(raw[at + 7 : at + 7 + length]).history.item
        rows.append({"/".join(item.nested_key) or item.key: item.value_json for item in items})
        at += 7 + length
    return rows


@pytest.mark.peer
def test_wandb_is_logged_to_offline(config, data, tmp_path, monkeypatch, capfd):
    monkeypatch.delenv("WANDB_MODE", raising=False)
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))  # where nobody is logged in
    for name in ("WANDB_DIR", "WANDB_CACHE_DIR", "WANDB_CONFIG_DIR", "WANDB_DATA_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    heard = []
    run = train_new(
        with_settings(config, {"log": "wandb"}), data, Control(), on_event=heard.append
    ).run
    [finding] = [e for e in heard if isinstance(e, Diagnosed) and e.kind == "log"]
    assert "Nobody is logged in to wandb, so it logs offline" in finding.message
    assert "wandb" not in "".join(capfd.readouterr()), "the terminal belongs to somebody else"
    [file] = run.path.rglob("*.wandb")
    rows = wandb_rows(file.read_bytes())
    losses = {int(row["step"]): float(row["train/loss"]) for row in rows if "train/loss" in row}
    metrics = read_records(run.metrics_file, METRIC)
    assert losses
    for step, loss in losses.items():
        assert loss == pytest.approx(float(metrics["loss"][step - 1]))
    assert any("sample" in key for row in rows for key in row)
