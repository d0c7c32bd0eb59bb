"""A job fills its run folder with the truth, and a stopped one goes on exactly where it was."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from minigpt_tui.config_files import dump_yaml
from minigpt_tui.inference.service import GPTService
from minigpt_tui.jobs.train import train_branch, train_new, train_resumed
from minigpt_tui.runs.checkpoint import load_checkpoint
from minigpt_tui.runs.folder import find_run, list_runs, read_config, read_info
from minigpt_tui.runs.journal import read_lines
from minigpt_tui.runs.metrics import EVALUATION, METRIC, read_records
from minigpt_tui.runs.requests import write_request
from minigpt_tui.runs.status import read_status
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import StepDone
from minigpt_tui.training.extension import Extension


def stop_at(control, step):
    """A listener that stops the training after `step`."""

    def listen(event):
        if isinstance(event, StepDone) and event.step == step:
            control.stop()

    return listen


def test_a_finished_run_holds_everything(config, data):
    outcome = train_new(config, data, Control(), name="pets")
    run, info = outcome.run, read_info(outcome.run)
    assert outcome.state == "completed"
    assert read_config(run) == config
    metrics = read_records(run.metrics_file, METRIC)
    assert metrics["step"].tolist() == list(range(1, info.total_steps + 1))
    evaluations = read_records(run.evaluations_file, EVALUATION)
    assert evaluations["epoch"].tolist() == [0, 1, 2, 3]
    status = read_status(run)
    assert (status.state, status.step) == ("completed", info.total_steps)
    assert status.best_val_loss == evaluations["val_loss"].min()
    assert {path.name for path in run.checkpoints()} == {
        "best_model.pt",
        "final_model.pt",
        "checkpoint_epoch_2.pt",
    }
    samples = read_lines(run.samples_file)
    assert samples[-1]["step"] == info.total_steps
    assert samples[-1]["text"]
    assert info.opening == "the cat"
    assert info.baselines is not None
    assert info.baselines.uniform > info.baselines.unigram > info.baselines.five_gram
    assert [path.name for path in data.vocabularies.glob("*/tokenizer.json")] == ["tokenizer.json"]


def test_the_best_checkpoint_alone_predicts_elsewhere(config, data, tmp_path):
    run = train_new(config, data, Control()).run
    moved = tmp_path / "elsewhere" / "model.pt"
    moved.parent.mkdir()
    run.best.rename(moved)
    service = GPTService(checkpoint_path=moved)
    assert sum(p.prob for p in service.predict_next("the c", top_k=100)) == pytest.approx(1)


def test_a_stopped_run_goes_on_bit_for_bit(config, data):
    whole = train_new(config, data, Control(), name="whole").run
    control = Control()
    stopped = train_new(config, data, control, name="halves", on_event=stop_at(control, 4))
    assert stopped.state == "stopped"
    assert stopped.run.last.exists()
    train_resumed(stopped.run, data, Control())
    assert not stopped.run.last.exists(), "the final model has taken its place"
    one, other = load_checkpoint(whole.final), load_checkpoint(stopped.run.final)
    for name, weight in one.model_state.items():
        assert torch.equal(weight, other.model_state[name]), name
    for file, dtype in (("metrics_file", METRIC), ("evaluations_file", EVALUATION)):
        a, b = (read_records(getattr(run, file), dtype) for run in (whole, stopped.run))
        for field in set(dtype.names) - {"seconds"}:
            assert np.array_equal(a[field], b[field]), field


@pytest.mark.parametrize("kills", [2])
def test_a_killed_run_goes_on_from_its_last_checkpoint(config, data, tmp_path, kills):
    config = with_settings(config, {"epochs": 60, "checkpoint_every": 1})
    whole = train_new(config, data, Control(), name="whole").run
    (tmp_path / "run.yaml").write_text(dump_yaml(config))
    command = [sys.executable, "-m", "minigpt_tui", "train"]
    arguments = ["--config", str(tmp_path / "run.yaml"), "--run", "killed"]
    for _ in range(kills):
        process = subprocess.Popen(
            [*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        begun = len(_checkpoints(data))
        deadline = time.monotonic() + 60
        while len(_checkpoints(data)) < begun + 2 and time.monotonic() < deadline:
            assert process.poll() is None, process.communicate()
            time.sleep(0.01)
        process.kill()
        process.communicate()
        arguments = ["--resume", "killed"]
        assert read_status(find_run(data, "killed")).state == "interrupted"
    run = find_run(data, "killed")
    assert train_resumed(run, data, Control()).state == "completed"
    one, other = load_checkpoint(whole.final), load_checkpoint(run.final)
    assert all(torch.equal(w, other.model_state[n]) for n, w in one.model_state.items())
    assert np.array_equal(
        read_records(whole.metrics_file, METRIC)["loss"],
        read_records(run.metrics_file, METRIC)["loss"],
    )


def _checkpoints(data):
    return list((data.runs / "killed").glob("checkpoint_epoch_*.pt"))


def test_a_run_that_ended_before_its_final_model_goes_on_to_it(config, data):
    whole = train_new(config, data, Control(), name="whole").run
    last = read_info(whole).total_steps
    control = Control()
    run = train_new(config, data, control, name="late", on_event=stop_at(control, last)).run
    assert (read_status(run).state, run.final.exists()) == ("stopped", False)
    assert train_resumed(run, data, Control()).state == "completed"
    one, other = load_checkpoint(whole.final), load_checkpoint(run.final)
    assert all(torch.equal(w, other.model_state[n]) for n, w in one.model_state.items())


def test_a_setting_that_was_changed_behind_its_back_is_named(config, data):
    control = Control()
    run = train_new(config, data, control, on_event=stop_at(control, 4)).run
    text = run.config_file.read_text()
    run.config_file.write_text(text.replace("lr: 0.001", "lr: 0.009"))
    assert text != run.config_file.read_text()
    train_resumed(run, data, Control())
    assert "not exact: lr is 0.009 now and was 0.001" in run.log_file.read_text()


def test_the_best_loss_is_not_forgotten_by_a_resume(config, data):
    control = Control()
    config = with_settings(config, {"lr": 1e-9, "schedule": "constant"})
    run = train_new(config, data, control, on_event=stop_at(control, 4)).run
    before = read_status(run).best_val_loss
    assert before is not None
    train_resumed(run, data, Control())
    after = read_status(run).best_val_loss
    assert after is not None
    assert after <= before


def test_a_complete_run_is_not_resumed(config, data):
    run = train_new(config, data, Control()).run
    with pytest.raises(ValueError, match="complete"):
        train_resumed(run, data, Control())


def test_a_complete_run_can_be_trained_further(config, data):
    run = train_new(config, data, Control()).run
    steps = read_info(run).total_steps
    outcome = train_resumed(run, data, Control(), extension=Extension(epochs=5))
    assert outcome.state == "completed"
    metrics = read_records(run.metrics_file, METRIC)
    assert metrics["step"].tolist() == list(range(1, 5 * steps // 3 + 1))
    extended = [line for line in read_lines(run.events_file) if line["event"] == "extended"]
    assert [line["step"] for line in extended] == [steps]
    with pytest.raises(ValueError, match="already"):
        train_resumed(run, data, Control(), extension=Extension(epochs=5))


def test_an_extension_that_was_interrupted_goes_on_exactly(config, data):
    whole = train_new(config, data, Control(), name="whole").run
    train_resumed(whole, data, Control(), extension=Extension(epochs=6))
    halves, control = train_new(config, data, Control(), name="halves").run, Control()
    beyond = read_info(halves).total_steps + 2
    stop = stop_at(control, beyond)
    train_resumed(halves, data, control, extension=Extension(epochs=6), on_event=stop)
    assert read_status(halves).step == beyond
    train_resumed(halves, data, Control())
    one, other = load_checkpoint(whole.final), load_checkpoint(halves.final)
    assert all(torch.equal(w, other.model_state[n]) for n, w in one.model_state.items())


def test_a_checkpoint_file_begins_a_run_of_its_own(config, data):
    config = with_settings(config, {"checkpoint_every": 1})
    origin = train_new(config, data, Control(), name="origin").run
    before = origin.final.read_bytes()
    branch = train_branch(origin.epoch_checkpoint(1), data, Control(), name="branch")
    assert branch.state == "completed"
    assert branch.run.name == "branch"
    assert origin.final.read_bytes() == before
    one, other = load_checkpoint(origin.final), load_checkpoint(branch.run.final)
    assert all(torch.equal(w, other.model_state[n]) for n, w in one.model_state.items())
    curves = [read_records(run.metrics_file, METRIC) for run in (origin, branch.run)]
    assert np.array_equal(curves[0]["loss"], curves[1]["loss"]), "the curve comes along"


def test_a_run_that_diverges_goes_back_once_and_says_so(config, data):
    config = with_settings(config, {"checkpoint_every": 1, "epochs": 10, "schedule": "constant"})
    control = Control()

    def steer(event):
        """After the second epoch the learning rate is absurd."""
        if isinstance(event, StepDone) and event.epoch == 3 and event.batch == 1:
            control.set_learning_rate(1e30)
        if isinstance(event, StepDone) and event.epoch == 5:
            control.stop()

    run = train_new(config, data, control, on_event=steer).run
    lines = read_lines(run.events_file)
    after_two_epochs = 2 * read_info(run).steps_per_epoch
    back = next(line for line in lines if line["event"] == "rolled-back")
    assert back["step"] == after_two_epochs < back["from_step"]
    assert any(line["event"] == "diagnosis" and line["kind"] == "nan" for line in lines)
    metrics = read_records(run.metrics_file, METRIC)
    assert metrics["step"].tolist() == list(range(1, len(metrics) + 1))
    assert np.isfinite(metrics["loss"]).all()
    assert metrics["lr"][after_two_epochs] == pytest.approx(0.3 * config.training.lr)


def test_a_run_killed_before_its_first_checkpoint_begins_again(config, data):
    whole = train_new(config, data, Control(), name="whole").run
    control = Control()
    run = train_new(config, data, control, name="early", on_event=stop_at(control, 1)).run
    run.last.unlink()  # as if it had been killed instead of stopped
    train_resumed(run, data, Control())
    one, other = load_checkpoint(whole.final), load_checkpoint(run.final)
    assert all(torch.equal(w, other.model_state[n]) for n, w in one.model_state.items())


def test_only_the_latest_periodic_checkpoints_are_kept_if_asked(config, data):
    config = with_settings(config, {"epochs": 5, "checkpoint_every": 1, "keep_checkpoints": 2})
    run = train_new(config, data, Control()).run
    assert list(run.epoch_checkpoints()) == [4, 5]
    assert run.best.exists()


def test_a_checkpoint_that_cannot_be_deleted_does_not_end_the_training(config, data, caplog):
    config = with_settings(config, {"epochs": 5, "checkpoint_every": 1, "keep_checkpoints": 2})

    def obstruct(run):
        run.epoch_checkpoint(0).mkdir()  # a folder is not deleted as a file is

    outcome = train_new(config, data, Control(), on_run=obstruct)
    assert outcome.state == "completed"
    assert list(outcome.run.epoch_checkpoints()) == [0, 4, 5]
    assert "Not deleted yet" in caplog.text


def test_the_batch_can_be_measured(config, data):
    config = with_settings(config, {"batch": "auto", "steps": 400})
    control = Control()
    run = train_new(config, data, control, on_event=stop_at(control, 3)).run
    kept = read_config(run).training
    assert kept.batch == "given"
    assert kept.batch_size >= 8
    assert "Batch size:" in run.log_file.read_text()


def test_another_process_may_ask_for_a_stop_through_the_run_folder(config, data):
    config = with_settings(config, {"epochs": 100_000})

    def ask(event):
        if isinstance(event, StepDone) and event.step == 2:
            write_request(list_runs(data)[0], "checkpoint")
            write_request(list_runs(data)[0], "stop")

    outcome = train_new(config, data, Control(), on_event=ask)
    assert outcome.state == "stopped"
    kinds = [line.get("kind") for line in read_lines(outcome.run.events_file)]
    assert kinds.count("last") >= 1


def test_a_run_is_not_resumed_on_a_changed_text(config, data, corpus):
    control = Control()
    run = train_new(config, data, control, on_event=stop_at(control, 2)).run
    corpus.write_text("another text altogether. " * 60)
    with pytest.raises(ValueError, match="changed"):
        train_resumed(run, data, Control())


def test_a_damaged_last_state_is_passed_by_for_an_older_checkpoint(config, data, caplog):
    control = Control()
    run = train_new(
        with_settings(config, {"checkpoint_every": 1}), data, control, on_event=stop_at(control, 6)
    ).run
    raw = bytearray(run.last.read_bytes())
    middle = len(raw) // 2
    raw[middle : middle + 128] = bytes(128)  # more than the filling between two records
    run.last.write_bytes(raw)
    assert train_resumed(run, data, Control()).state == "completed"
    assert "last_state.pt" in caplog.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"corpus": ("no-such-text",)}, "no-such-text"),
        ({"max_seq_len": 5000}, "shorter|smaller max_seq_len|longer text"),
        ({"n_heads": 3}, "multiple of n_heads"),
        ({"d_model": 65536, "n_heads": 4, "n_layers": 64}, "memory"),
    ],
)
def test_what_cannot_begin_leaves_no_run(config, data, changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        train_new(with_settings(config, changes), data, Control(), name="half")
    assert list_runs(data) == []


def test_a_taken_name_is_refused_before_the_work(config, data):
    train_new(with_settings(config, {"epochs": 0}), data, Control(), name="pets")
    heard = []
    with pytest.raises(ValueError, match="pets"):
        train_new(config, data, Control(), name="pets", on_event=heard.append)
    assert heard == []


def test_nothing_held_out_is_allowed_and_said(config, data):
    heard = []
    config = with_settings(config, {"val_fraction": 0.0, "epochs": 1})
    run = train_new(config, data, Control(), on_event=heard.append).run
    assert any(
        "held out" in warning for event in heard for warning in getattr(event, "warnings", ())
    )
    assert run.best.exists()


def test_events_are_readable_json_lines(config, data):
    run = train_new(config, data, Control()).run
    lines = [json.loads(line) for line in run.events_file.read_text().splitlines()]
    kinds = [line["event"] for line in lines]
    assert kinds[0] == "started"
    assert kinds[-1] == "completed"
    assert "checkpoint" in kinds
