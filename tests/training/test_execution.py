"""Precision and threads are chosen by what was measured, and what is forced is not measured."""

from __future__ import annotations

import pytest
import torch

from minigpt_tui.config import TrainingConfig
from minigpt_tui.training import execution
from minigpt_tui.training.execution import Execution, choose_execution, supports_bf16

CPU = torch.device("cpu")


@pytest.fixture(autouse=True)
def _four_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(execution, "MOST_THREADS", 4)


def choose(seconds: dict[tuple[str, int], float], total_steps: int = 10_000, **settings: object):
    """The choice among executions that take the given seconds a step."""
    training = TrainingConfig(**{"compile": "off", **settings})
    return choose_execution(training, CPU, total_steps, lambda e: seconds[(e.precision, e.threads)])


@pytest.mark.skipif(not supports_bf16(CPU), reason="this processor has no bfloat16 products")
def test_bf16_is_taken_where_it_is_clearly_faster():
    times = {("fp32", 4): 1.0, ("bf16", 4): 0.5, ("bf16", 2): 0.9}
    assert choose(times)[0] == Execution("bf16", 4)


@pytest.mark.skipif(not supports_bf16(CPU), reason="this processor has no bfloat16 products")
def test_fp32_stays_where_bf16_is_slower():
    times = {("fp32", 4): 1.0, ("bf16", 4): 1.5, ("fp32", 2): 1.2}
    assert choose(times)[0] == Execution("fp32", 4)


def test_fewer_threads_are_taken_as_long_as_they_are_faster():
    times = {("fp32", 4): 1.0, ("fp32", 2): 0.6, ("fp32", 1): 0.58}
    chosen, measured = choose(times, precision="fp32")
    assert chosen == Execution("fp32", 2)
    assert [m.execution.threads for m in measured] == [4, 2, 1]


def test_what_is_forced_is_not_measured():
    chosen, measured = choose({}, precision="fp32", threads=3)
    assert chosen == Execution("fp32", 3)
    assert measured == []


def test_a_short_run_is_not_worth_measuring():
    chosen, measured = choose({}, total_steps=20)
    assert chosen.precision == "fp32"
    assert measured == []
