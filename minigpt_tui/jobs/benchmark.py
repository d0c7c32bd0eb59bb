"""How fast this machine trains and writes, in half a minute, on models that are thrown away.

The ways to train are timed in turn, a step each, so that a slow moment of the machine hits all of
them alike; the medians are reported.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from minigpt_tui.config import RunConfig
from minigpt_tui.inference.engine import engine_for
from minigpt_tui.inference.sampling import Sampling, draw
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.model.build import build_model
from minigpt_tui.paths import DataFolder
from minigpt_tui.planning.parameters import parameter_counts
from minigpt_tui.settings import with_settings
from minigpt_tui.text.tokenizers import EOT_ID
from minigpt_tui.training.device import resolve_device
from minigpt_tui.training.execution import (
    MOST_THREADS,
    WARM_UP_STEPS,
    Execution,
    matrix_product_speed,
    supports_bf16,
)
from minigpt_tui.training.trainer import Trainer, TrainingData

LAYOUTS = ("gpt2", "qwen3")
FLOPS_PER_WEIGHT_AND_TOKEN = 6
"""Forward and backward through the matrices (Kaplan et al. 2020); attention's products left out."""
FOR_PRODUCTS, FOR_TRAINING = 0.1, 0.6
"""Shares of the time; the rest is for writing."""
LEAST_STEPS = 3


@dataclass(frozen=True)
class ProductSpeed:
    """The peak: what a large matrix product reaches in a precision."""

    precision: str
    flops_per_second: float


@dataclass(frozen=True)
class TrainingSpeed:
    """Training one layout in the default shape in one precision."""

    layout: str
    precision: str
    tokens_per_second: float
    seconds_per_step: float
    share_of_peak: float
    """Of the precision's product speed; attention itself and all else counts as nothing."""


@dataclass(frozen=True)
class WritingSpeed:
    """Writing with one layout in the default shape, one token after the other."""

    layout: str
    tokens_per_second: float


Speed = ProductSpeed | TrainingSpeed | WritingSpeed


def measure(config: RunConfig, seconds: float) -> Iterator[Speed]:
    """Each speed as it is known; all of them take about `seconds`, and the least of steps."""
    device = resolve_device(config.training.device)
    precisions = ["fp32", "bf16"] if supports_bf16(device) else ["fp32"]
    peaks = {}
    for precision in precisions:
        budget = seconds * FOR_PRODUCTS / len(precisions)
        peaks[precision] = matrix_product_speed(device, precision, budget)
        yield ProductSpeed(precision, peaks[precision])
    yield from _training(config, peaks, seconds * FOR_TRAINING)
    for_each = seconds * (1 - FOR_PRODUCTS - FOR_TRAINING) / len(LAYOUTS)
    for layout in LAYOUTS:
        yield WritingSpeed(layout, _tokens_written(_of(config, layout), device, for_each))


def _training(
    config: RunConfig, peaks: dict[str, float], seconds: float
) -> Iterator[TrainingSpeed]:
    with tempfile.TemporaryDirectory() as folder:
        prepared = prepare(config, DataFolder(Path(folder)).ready())
        data = TrainingData(prepared.tokenizer, prepared.train, prepared.val)
        trainers = {
            (layout, precision): Trainer(
                _of(config, layout), data, Execution(precision, MOST_THREADS)
            )
            for layout in LAYOUTS
            for precision in peaks
        }
        times = _in_turn({way: trainer.train_step for way, trainer in trainers.items()}, seconds)
    tokens = config.training.batch_size * config.model.max_seq_len
    for (layout, precision), median in times.items():
        counts = parameter_counts(_of(config, layout).model, prepared.tokenizer.vocab_size)
        weights = sum(counts[part] for part in ("attention", "feed-forward", "output head"))
        flops = FLOPS_PER_WEIGHT_AND_TOKEN * weights * tokens
        share = flops / median / peaks[precision]
        yield TrainingSpeed(layout, precision, tokens / median, median, share)


def _in_turn(
    ways: dict[tuple[str, str], Callable[[], object]], seconds: float
) -> dict[tuple[str, str], float]:
    """The median seconds of each way, after a warm-up."""
    times: dict[tuple[str, str], list[float]] = {way: [] for way in ways}
    ends = time.perf_counter() + seconds
    rounds = 0
    while rounds < WARM_UP_STEPS + LEAST_STEPS or time.perf_counter() < ends:
        for way, step in ways.items():
            started = time.perf_counter()
            step()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            times[way].append(time.perf_counter() - started)
        rounds += 1
    return {way: statistics.median(taken[WARM_UP_STEPS:]) for way, taken in times.items()}


def _tokens_written(config: RunConfig, device: torch.device, seconds: float) -> float:
    """Tokens a second of an untrained model: what is written does not change how long it takes."""
    model = build_model(config.model, VOCAB_SIZE)
    model.init_weights(torch.Generator().manual_seed(config.training.seed))
    engine = engine_for(model.to(device).eval())
    sampling = Sampling(seed=config.training.seed)
    generator = sampling.generator()
    ids = [EOT_ID]
    speeds: list[float] = []
    ends = time.perf_counter() + seconds
    while len(speeds) < LEAST_STEPS or time.perf_counter() < ends:
        started = time.perf_counter()
        for _ in range(WRITTEN_AT_ONCE):
            ids.append(draw(engine.logits_after(ids), sampling, generator))
        speeds.append(WRITTEN_AT_ONCE / (time.perf_counter() - started))
    return float(np.median(speeds[1:]))


VOCAB_SIZE, WRITTEN_AT_ONCE = 64, 50


def _of(config: RunConfig, layout: str) -> RunConfig:
    return with_settings(config, {"layout": layout})
