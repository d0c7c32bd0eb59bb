"""The figures behind a loss plot as CSV: every step of every run in it, nothing reduced."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.plot.plot_data import PlotData

COLUMNS = (
    "run",
    "step",
    "epoch",
    "tokens_seen",
    "seconds",
    "train_loss",
    "learning_rate",
    "gradient_norm",
    "tokens_per_second",
    "validation_loss",
)
_ROWS = 8192  # written at once


def to_csv(runs: Sequence[PlotData]) -> Iterator[str]:
    """The file in pieces: a line of names, then a line a step, run after run.

    Losses are nats a token. A figure that was not recorded is empty. A validation loss stands on
    the line of its step.
    """
    yield ",".join(COLUMNS) + "\n"
    for data in runs:
        yield from _of_run(data)


def _of_run(data: PlotData) -> Iterator[str]:
    rows = min(len(data.train_steps), len(data.train_loss))
    measured = {
        int(step): _text(np.array([loss]))[0]
        for step, loss in zip(data.val_steps, data.val_loss, strict=True)
    }
    name, seen, before = visible(data.name), 0.0, 0.0
    for start in range(0, rows, _ROWS):
        part = slice(start, min(start + _ROWS, rows))
        steps = data.train_steps[part].tolist()
        tokens, seconds = _numbers(data.tokens[part]), _numbers(data.seconds[part])
        sums = seen + np.cumsum(tokens)
        with np.errstate(divide="ignore", invalid="ignore"):
            speed = tokens / np.diff(seconds, prepend=before) if len(seconds) else seconds
        paces = _column(speed.astype("f4"), len(steps))
        if not start:
            paces[0] = ""  # the first step of a run has none before it to be timed from
        yield _lines(
            zip(
                [name] * len(steps),
                steps,
                _column(data.epoch[part], len(steps)),
                _column(sums, len(steps)),
                _column(data.seconds[part], len(steps)),
                _text(data.train_loss[part]),
                _column(data.lr[part], len(steps)),
                _column(data.grad_norm[part], len(steps)),
                paces,
                [measured.pop(step, "") for step in steps],
                strict=True,
            )
        )
        seen = float(sums[-1]) if len(sums) else seen
        before = float(seconds[-1]) if len(seconds) else before
    if measured:  # at a step without a training loss: before the first one, or in a broken file
        blank = [""] * 7
        yield _lines([name, step, *blank, loss] for step, loss in measured.items())


def _lines(rows: Iterator[object]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue()


def _column(values: NDArray[np.generic], length: int) -> list[str]:
    """The figures, or nothing where they were not recorded."""
    return _text(values) if len(values) == length else [""] * length


def _text(values: NDArray[np.generic]) -> list[str]:
    """The shortest decimal that is the number itself, in its own precision."""
    texts: list[str] = values.astype("U").tolist()
    return texts


def _numbers(values: NDArray[np.generic]) -> NDArray[np.float64]:
    return values.astype(np.float64)
