"""What a run was asked along its training: the probes of its folder, and the loss beside them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.runs.metrics import EVALUATION, METRIC, read_records
from minigpt_tui.runs.probes import ProbeHistory, read_probes
from minigpt_tui.tui.inspect.inspecting import Asked, Watch

Floats = NDArray[np.float64]

MOST_POINTS = 400


@dataclass(frozen=True, eq=False)
class AlongTraining:
    """The probes of a run, and its loss curves (steps ascending, thinned to what can be drawn)."""

    history: ProbeHistory
    train: tuple[Floats, Floats]
    validation: tuple[Floats, Floats]
    stamp: int


def along_training(asked: Asked, watch: Watch) -> Iterator[AlongTraining]:
    """To be called in a thread; needs no torch. Raises ValueError for a run without probes."""
    run = asked.model.run
    stamp = probes_stamp(asked)
    history = read_probes(run)
    if history is None or not history.probes:
        why = "was not asked anything along its training"
        raise ValueError(
            f"{run.name} {why}: it is older than this feature, or its setting “probes” is none. "
            "A new run with probes set to auto records what this view shows."
        )
    metrics = read_records(run.metrics_file, METRIC)
    evaluations = read_records(run.evaluations_file, EVALUATION)
    yield AlongTraining(
        history=history,
        train=_thinned(metrics["step"], metrics["loss"]),
        validation=_thinned(evaluations["step"], evaluations["val_loss"]),
        stamp=stamp,
    )


def _thinned(all_steps: NDArray[Any], all_values: NDArray[Any]) -> tuple[Floats, Floats]:
    """The mean of the values in each of MOST_POINTS equal parts of the logarithmic axis."""
    steps: Floats = np.asarray(all_steps, dtype=np.float64)
    values: Floats = np.asarray(all_values, dtype=np.float64)
    keep = np.isfinite(values)
    steps, values = steps[keep], values[keep]
    if not len(steps):
        return steps, values
    part = np.floor(np.log1p(steps) / np.log1p(steps[-1] or 1.0) * MOST_POINTS).astype(np.int64)
    first = np.unique(part, return_index=True)[1]
    counts = np.diff([*first, len(steps)])
    return np.add.reduceat(steps, first) / counts, np.add.reduceat(values, first) / counts


def probes_stamp(asked: Asked) -> int:
    """The size of the probes' file: it grows with every answer."""
    try:
        return asked.model.run.probes_file.stat().st_size
    except OSError:
        return 0
