"""Decides what a run leaves open, above all how it is computed, and keeps that answer."""

from __future__ import annotations

import hashlib
import json
import logging
import platform
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import to_dict
from minigpt_tui.jobs.batch_size import with_fastest_batch
from minigpt_tui.paths import DataFolder
from minigpt_tui.planning.memory import check_memory
from minigpt_tui.planning.steps import steps_per_epoch, total_steps
from minigpt_tui.planning.time_plan import planned_for_time
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.text.cancel import check_cancelled
from minigpt_tui.training.device import resolve_device
from minigpt_tui.training.execution import (
    MOST_THREADS,
    Execution,
    Measurement,
    choose_execution,
    matrix_product_speed,
)
from minigpt_tui.training.time_budget import TimeBudget
from minigpt_tui.training.trainer import TrainingData, seconds_per_step

log = logging.getLogger(__name__)
MAX_BYTES = 256 * 1024
KEPT = 200
"""Answers kept; the oldest make room."""


@dataclass(frozen=True)
class Decided:
    """What is measured before a run begins, and lines about it for the log."""

    config: RunConfig
    """With its shape and batch, where these were open."""
    execution: Execution
    planned_steps: int | None
    """How many steps fit into the run's time; None where it is not bound by time."""
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Decision:
    """How a run is carried out, the seconds that a step then takes, and lines for the log."""

    execution: Execution
    seconds_per_step: float | None
    notes: tuple[str, ...]


def decide(
    config: RunConfig,
    training_data: TrainingData,
    data: DataFolder,
    should_stop: Callable[[], bool] = lambda: False,
) -> Decided:
    """Measures what a run leaves open: its shape, its batch, how it is computed, its steps.

    Raises ValueError when the shape does not fit into the memory, CancelledError between two
    measurements when `should_stop()` says so.
    """
    vocab_size = training_data.tokenizer.vocab_size
    if config.training.plan == "time":
        speed = matrix_product_speed(resolve_device(config.training.device))
        config = planned_for_time(config, training_data.train.tokens, vocab_size, speed)
        check_memory(config, vocab_size)
    notes: list[str] = []
    if config.training.batch == "auto":
        config, notes = with_fastest_batch(config, training_data, should_stop)
    decision = decide_execution(config, training_data, data, should_stop)
    planned_steps = None
    if config.training.minutes is not None:
        assert decision.seconds_per_step is not None, "a time budget has its step measured"
        budget = TimeBudget(config.training.minutes)
        planned_steps = budget.steps_that_fit(decision.seconds_per_step)
    return Decided(config, decision.execution, planned_steps, (*notes, *decision.notes))


def decide_execution(
    config: RunConfig,
    training_data: TrainingData,
    data: DataFolder,
    should_stop: Callable[[], bool] = lambda: False,
) -> Decision:
    """The execution of a new run. A run with a time budget always learns what a step takes.

    Raises CancelledError between two measurements when `should_stop()` says so.
    """
    training = config.training
    device = resolve_device(training.device)
    key = _key(config, training_data, device)
    file = data.root / "cache" / "executions.json"
    known = _read(file)
    if key in known:
        execution = Execution(**known[key]["execution"])
        note = f"Execution: {execution} (measured in an earlier run of this shape)"
        return Decision(execution, known[key]["seconds_per_step"], (note,))

    def measure(candidate: Execution) -> float:
        check_cancelled(should_stop)
        return seconds_per_step(config, training_data, candidate)

    if training.compile == "on" and not _compiles(measure):
        training = replace(training, compile="off")
    n_targets = training_data.train.tokens - 1
    per_epoch = steps_per_epoch(n_targets, config.model.max_seq_len, training.batch_size)
    steps = total_steps(training, per_epoch) if training.minutes is None else None
    execution, measured = choose_execution(training, device, steps, measure)
    if training.minutes is not None and not measured:
        measured = [Measurement(execution, measure(execution))]
    seconds = next((m.seconds for m in measured if m.execution == execution), None)
    if seconds is not None:
        known[key] = {"execution": asdict(execution), "seconds_per_step": seconds}
        _write(file, dict(list(known.items())[-KEPT:]))
    lines = [f"Measured: {m.seconds * 1e3:.1f} ms a step with {m.execution}" for m in measured]
    return Decision(execution, seconds, (*lines, f"Execution: {execution}"))


def _compiles(measure: Callable[[Execution], float]) -> bool:
    """Whether the model can be compiled here: a failure is said in the log, and is no error."""
    try:
        measure(Execution("fp32", MOST_THREADS, compiled=True))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[0]
        log.warning("The model cannot be compiled here and is trained without: %s", reason)
        return False
    return True


def _key(config: RunConfig, training_data: TrainingData, device: torch.device) -> str:
    """What the answer depends on: the machine, the library, and the shape of a step."""
    plain = to_dict(config)
    training = {
        name: plain["training"][name]
        for name in ("batch_size", "micro_batch", "optimizer", "precision", "threads", "compile")
    }
    processor = torch.cpu.get_capabilities().get("cpu_name", platform.processor())
    if device.type == "cuda":
        processor = torch.cuda.get_device_name(device)
    facts = (
        processor,
        MOST_THREADS,
        torch.__version__,
        device.type,
        training_data.tokenizer.vocab_size,
        plain["model"],
        training,
    )
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def _read(file: Path) -> dict[str, Any]:
    """The answers so far; a damaged file only means measuring again."""
    try:
        with open_regular(file) as opened:
            plain = json.loads(opened.read(MAX_BYTES))
        return {
            key: {
                "execution": asdict(Execution(**value["execution"])),
                "seconds_per_step": float(value["seconds_per_step"]),
            }
            for key, value in plain.items()
        }
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("%s is ignored and written anew: %s", file, error)
        return {}


def _write(file: Path, answers: dict[str, Any]) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(file, json.dumps(answers).encode())
    except OSError as error:
        log.warning("%s cannot be written; the next run measures again: %s", file, error)
