"""The way of computing is measured once for a machine and shape, then remembered."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from minigpt_tui.jobs.deciding import decide_execution
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.jobs.train import train_new
from minigpt_tui.settings import with_settings
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.training.control import Control
from minigpt_tui.training.trainer import TrainingData


@pytest.fixture
def training_data(config, data) -> TrainingData:
    prepared = prepare(config, data)
    return TrainingData(prepared.tokenizer, prepared.train, prepared.val)


@pytest.fixture
def long_config(config):
    return with_settings(config, {"epochs": 1000, "threads": None, "compile": "off"})


def measured(decision) -> bool:
    return any(line.startswith("Measured: ") for line in decision.notes)


def test_the_answer_is_kept_for_the_same_shape(long_config, data, training_data):
    first = decide_execution(long_config, data=data, training_data=training_data)
    assert measured(first)
    again = decide_execution(long_config, training_data, data)
    assert (again.execution, again.seconds_per_step) == (first.execution, first.seconds_per_step)
    assert "earlier run" in again.notes[0]


def test_another_shape_is_measured_anew(long_config, data, training_data):
    decide_execution(long_config, training_data, data)
    other = with_settings(long_config, {"d_model": 32})
    assert measured(decide_execution(other, training_data, data))


@pytest.mark.parametrize("content", [b"", b"[]", b'{"k": {"nope": 1}}', b"\xff", b'{"k": 3}'])
def test_a_damaged_memory_means_measuring_again(content, long_config, data, training_data, caplog):
    file = data.root / "cache" / "executions.json"
    file.write_bytes(content)
    assert measured(decide_execution(long_config, training_data, data))
    assert "executions.json" in caplog.text


def test_a_compiler_that_is_missing_is_no_error(config, data, training_data, tmp_path):
    program = (
        "import sys; from minigpt_tui.cli import main; "
        "main(['train', '--preset', 'tiny', '--steps', '3', '--compile', 'on', '--run', 'c'])"
    )
    nowhere = {**os.environ, "PATH": "/nowhere", "CXX": "/nowhere/c++"}
    nowhere["TORCHINDUCTOR_CACHE_DIR"] = str(tmp_path / "inductor")
    done = subprocess.run([sys.executable, "-c", program], env=nowhere, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    assert b"trained without" in done.stderr


def test_measuring_can_be_stopped(long_config, data, training_data):
    with pytest.raises(CancelledError):
        decide_execution(long_config, training_data, data, should_stop=lambda: True)


def test_the_choice_stands_in_the_runs_log(config, data):
    run = train_new(config, data, Control()).run
    assert "Execution: fp32, 1 thread" in run.log_file.read_text()
