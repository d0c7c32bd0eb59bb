"""The way of computing is measured once for a machine and shape, then remembered."""

from __future__ import annotations

import pytest

from minigpt_tui.config import with_settings
from minigpt_tui.jobs.deciding import decide_execution
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.jobs.train import train_new
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


def test_the_answer_is_kept_for_the_same_shape(long_config, data, training_data):
    first, lines = decide_execution(long_config, data=data, training_data=training_data)
    assert any(line.startswith("Measured: ") for line in lines)
    again, lines = decide_execution(long_config, training_data, data)
    assert again == first
    assert "earlier run" in lines[0]


def test_another_shape_is_measured_anew(long_config, data, training_data):
    decide_execution(long_config, training_data, data)
    other = with_settings(long_config, {"d_model": 32})
    _, lines = decide_execution(other, training_data, data)
    assert any(line.startswith("Measured: ") for line in lines)


@pytest.mark.parametrize("content", [b"", b"[]", b'{"k": {"nope": 1}}', b"\xff", b'{"k": 3}'])
def test_a_damaged_memory_means_measuring_again(content, long_config, data, training_data, caplog):
    file = data.root / "cache" / "executions.json"
    file.write_bytes(content)
    _, lines = decide_execution(long_config, training_data, data)
    assert any(line.startswith("Measured: ") for line in lines)
    assert "executions.json" in caplog.text


def test_measuring_can_be_stopped(long_config, data, training_data):
    with pytest.raises(CancelledError):
        decide_execution(long_config, training_data, data, should_stop=lambda: True)


def test_the_choice_stands_in_the_runs_log(config, data):
    run = train_new(config, data, Control()).run
    assert "Execution: fp32, 1 thread" in run.log_file.read_text()
