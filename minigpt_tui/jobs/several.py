"""Several runs one after the other in one time budget: seeds of a configuration, or a sweep."""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from minigpt_tui.config import RunConfig
from minigpt_tui.jobs.deciding import decide_execution
from minigpt_tui.jobs.prepare import prepare
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder, check_name
from minigpt_tui.planning.time_plan import Rung
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.metrics import EVALUATION, read_records
from minigpt_tui.runs.status import read_status
from minigpt_tui.settings import check, check_setting, with_settings
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Event, Preparing
from minigpt_tui.training.trainer import TrainingData

MOST_RUNS = 64
SHORTEST_SECONDS = 1.0
"""A time budget that leaves a run less than this is refused."""
OF_THE_TOKENIZER = frozenset({"level", "vocab_size", "min_frequency"})
OF_THE_TEXT = frozenset({"corpus", "encoding", "val_fraction"})
CHOSEN_FOR_TIME = frozenset({field.name for field in fields(Rung)} | {"dropout"})


@dataclass(frozen=True)
class Planned:
    """A run to come. `settings` are those in which it differs from the others."""

    settings: Mapping[str, Any]
    config: RunConfig
    name: str | None
    """Of the run; None lets the run folder make one up."""

    @property
    def label(self) -> str:
        return " ".join(f"{name}={shown_value(value)}" for name, value in self.settings.items())


@dataclass(frozen=True)
class Trained:
    """How a planned run went. `state`: completed, stopped, diverged, or failed (it never began)."""

    planned: Planned
    state: str
    message: str
    run: RunFolder | None = None
    best_val_loss: float | None = None
    """The lowest of the run, in nats a token; None when nothing was measured."""
    bits_per_byte: float | None = None
    """Of the same evaluation."""
    steps: int = 0
    seconds: float = 0.0
    """Of training, as the run counts them."""
    minutes: float | None = None
    """Its share of a time budget."""


@dataclass(frozen=True)
class Spread:
    """The best validation losses of runs that differ by their seed, in nats a token."""

    mean: float
    standard_deviation: float
    """Of the sample: n − 1 in the denominator."""
    lowest: float
    highest: float


Listener = Callable[[Planned, Event], None]


def seeds_from(config: RunConfig, count: int, name: str | None) -> list[Planned]:
    """The same run with `count` seeds, from the configured one upwards.

    Raises ValueError for a count or a seed out of bounds.
    """
    if not 2 <= count <= MOST_RUNS:
        raise ValueError(f"--seeds must be 2 to {MOST_RUNS}, not {count}.")
    planned = []
    for seed in range(config.training.seed, config.training.seed + count):
        check_setting("seed", seed)
        run_name = None if name is None else f"{name}-seed-{seed}"
        planned.append(Planned({"seed": seed}, with_settings(config, {"seed": seed}), run_name))
    return planned


def cells_of(
    config: RunConfig, grid: Mapping[str, Sequence[Any]], name: str | None
) -> list[Planned]:
    """The product of a grid (setting → its values), the last setting varying fastest.

    Raises ValueError for too many cells, for one that is no legal configuration (by its label),
    and for settings that a run would choose by itself.
    """
    count = math.prod(len(values) for values in grid.values())
    if count > MOST_RUNS:
        raise ValueError(
            f"The grid has {count:,} cells; {MOST_RUNS} is the most. Leave some values out."
        )
    planned = []
    for number, values in enumerate(itertools.product(*grid.values()), start=1):
        settings = dict(zip(grid, values, strict=True))
        cell = Planned(
            settings,
            with_settings(config, settings),
            None if name is None else f"{name}-{number}",
        )
        try:
            check(cell.config)
            _check_is_heeded(settings, cell.config)
        except ValueError as error:
            raise ValueError(f"The cell {cell.label} cannot be trained. {error}") from error
        planned.append(cell)
    return planned


def train_several(
    planned: Sequence[Planned],
    data: DataFolder,
    control: Control,
    *,
    minutes: float | None = None,
    on_event: Listener = lambda planned, event: None,
) -> Iterator[Trained]:
    """Trains one after the other and yields each as it ends, those that cannot begin as well.

    With `minutes` for all together, texts and machine are made ready for every run first, so that
    all get the same time to learn: each an equal share of what is left when its turn comes. After
    a stop the run in hand is the last one. Raises ValueError before the first run when a name
    is taken or the minutes are too few.
    """
    started = time.monotonic()
    for one in planned:
        _check_name_is_free(one, data)
    waiting = list(planned)
    try:
        if minutes is not None:
            for one in planned:
                reason = _made_ready(one, minutes / len(planned), data, control, on_event)
                if reason is not None:
                    waiting.remove(one)
                    yield Trained(one, "failed", reason)
            left = minutes * 60 - (time.monotonic() - started)
            if left < SHORTEST_SECONDS * len(waiting):
                raise ValueError(
                    f"{minutes:g} minutes are too few for {len(waiting)} runs: preparing them took "
                    "too much of it. Give more minutes, or plan fewer runs."
                )
        while waiting and not control.stopping():
            share = None
            if minutes is not None:
                left = minutes * 60 - (time.monotonic() - started)
                share = max(left / len(waiting), SHORTEST_SECONDS) / 60
            yield _trained(waiting.pop(0), share, data, control, on_event)
    except CancelledError:
        return


def ranked(results: Sequence[Trained], *, by_bytes: bool) -> list[Trained]:
    """The best first, by bits a byte or by the validation loss.

    A run that did not complete comes after all that did: its loss is that of another training.
    """

    def key(one: Trained) -> tuple[bool, float]:
        measured = one.bits_per_byte if by_bytes else one.best_val_loss
        return one.state != "completed", math.inf if measured is None else measured

    return sorted(results, key=key)


def spread(losses: Sequence[float]) -> Spread:
    """Mean, sample standard deviation and range of at least two losses."""
    return Spread(statistics.mean(losses), statistics.stdev(losses), min(losses), max(losses))


def shown_value(value: Any) -> str:
    """A setting's value as a flag takes it: `0.001`, `none` without a value, texts with commas."""
    if value is None:
        return "none"
    return ",".join(value) if isinstance(value, tuple) else str(value)


def _check_is_heeded(settings: Mapping[str, Any], config: RunConfig) -> None:
    """ValueError for a setting of the grid that the run would replace by its own choice."""
    chosen = [name for name in settings if name in CHOSEN_FOR_TIME]
    if chosen and config.training.plan == "time":
        raise ValueError(f"With plan time, {chosen[0]} is chosen for the minutes: use plan given.")
    if "batch_size" in settings and config.training.batch == "auto":
        raise ValueError("With batch auto, batch_size is measured: use batch given.")


def _check_name_is_free(one: Planned, data: DataFolder) -> None:
    if one.name is not None and (data.runs / check_name(one.name, "run name")).exists():
        raise ValueError(f"There is a run named {one.name} already. Choose another --run.")


def _for_minutes(one: Planned, minutes: float) -> RunConfig:
    return with_settings(one.config, {"minutes": minutes})


def _made_ready(
    one: Planned, share: float, data: DataFolder, control: Control, on_event: Listener
) -> str | None:
    """Fills the caches that the run will use; the reason why it cannot begin, if there is one.

    A shape or batch that is still open is measured by the run itself.
    """
    config = _for_minutes(one, share)
    try:
        prepared = prepare(
            config,
            data,
            say=lambda message: on_event(one, Preparing(message)),
            should_stop=control.stopping,
        )
        if config.training.plan == "given" and config.training.batch == "given":
            training_data = TrainingData(prepared.tokenizer, prepared.train, prepared.val)
            decide_execution(config, training_data, data, control.stopping)
    except ValueError as error:
        return str(error)
    return None


def _trained(
    one: Planned, share: float | None, data: DataFolder, control: Control, on_event: Listener
) -> Trained:
    config = one.config if share is None else _for_minutes(one, share)
    try:
        outcome = train_new(
            config, data, control, name=one.name, on_event=lambda event: on_event(one, event)
        )
    except ValueError as error:
        return Trained(one, "failed", str(error), minutes=share)
    status = read_status(outcome.run)
    evaluations = read_records(outcome.run.evaluations_file, EVALUATION)
    finite = evaluations[np.isfinite(evaluations["val_loss"])]
    best = finite[np.argmin(finite["val_loss"])] if len(finite) else None
    return Trained(
        one,
        outcome.state,
        outcome.message,
        outcome.run,
        None if best is None else float(best["val_loss"]),
        None if best is None else float(best["bits_per_byte"]),
        status.step,
        status.seconds,
        share,
    )
