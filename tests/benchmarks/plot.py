"""What the loss plot costs: `python -m tests.benchmarks.plot` prints milliseconds (medians).

Columns: the first look at a run of so many rows; a redraw after 20 new rows when the frame is
cached; the same with a new frame from plotext; a call with nothing new. Drawing ends with the
strips that the screen takes.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from minigpt_tui.tui.widgets.cells import Role, strips
from minigpt_tui.tui.widgets.loss_drawing import View, draw
from minigpt_tui.tui.widgets.plot_data import PlotData
from minigpt_tui.tui.widgets.plot_frame import plot_frame
from minigpt_tui.tui.widgets.plot_limits import loss_axis, robust_range, step_axis
from minigpt_tui.tui.widgets.series import SeriesReduction

RECORD = np.dtype([("step", "<i8"), ("loss", "<f4"), ("other", "<f8", 4)])
SPAN = 1_000
REFERENCES = (("uniform", 4.17), ("unigram", 3.31), ("5-gram", 1.98))


def main() -> None:
    print("size      points      first   curves  + frame  nothing   (ms)")
    for width, height in ((80, 22), (160, 40), (220, 60)):
        for rows in (1_000, 100_000, 1_000_000):
            first, curves, frame, nothing = measure(rows, width, height)
            print(
                f"{width:>3}×{height:<3} {rows:>9,} {first:>9.2f} {curves:>8.2f} {frame:>8.2f}"
                f" {nothing:>8.3f}"
            )


def measure(rows: int, width: int, height: int) -> tuple[float, float, float, float]:
    """The four costs in milliseconds, for records that lie strided in memory as in a file."""
    records = _records(rows + 20 * 64)
    data = _data(records, rows)
    series = SeriesReduction()
    first = _milliseconds(lambda: series.update(data.train_steps, data.train_loss, SPAN))

    shown = rows
    curves, frames = [], []
    _draw(series, data, width, height)
    for _ in range(20):
        shown += 20
        curves.append(_milliseconds(partial(_step, series, _data(records, shown), width, height)))
    for _ in range(20):
        shown += 20
        plot_frame.cache_clear()
        frames.append(_milliseconds(partial(_step, series, _data(records, shown), width, height)))
    data = _data(records, shown)
    again = partial(series.update, data.train_steps, data.train_loss, SPAN)
    nothing = [_milliseconds(again) for _ in range(20)]
    median = statistics.median
    return first, median(curves), median(frames), median(nothing)


def _step(series: SeriesReduction, data: PlotData, width: int, height: int) -> None:
    series.update(data.train_steps, data.train_loss, SPAN)
    _draw(series, data, width, height)


def _draw(series: SeriesReduction, data: PlotData, width: int, height: int) -> None:
    samples = series.samples
    spread = robust_range(samples.low, samples.high, data.val_loss, samples.ema[-1:].tolist())
    assert spread is not None
    x = step_axis(float(samples.steps[-1]), None)
    view = View(width, height, x, loss_axis(*spread, False), SPAN)
    styles = [Style(color="blue", bold=bool(role % 2)) for role in Role]
    strips(draw(data, samples, view), styles, styles)


def _records(rows: int) -> NDArray[Any]:
    records = np.zeros(rows, RECORD)
    steps = np.arange(1, rows + 1)
    noise = np.random.default_rng(0).normal(0, 0.1, rows)
    records["step"] = steps
    records["loss"] = 1.4 + 2.8 * np.exp(-steps / (rows / 8)) + noise
    return records


def _data(records: NDArray[Any], rows: int) -> PlotData:
    part = records[:rows]
    every = part[:: max(1, rows // 100)]
    return PlotData(
        part["step"], part["loss"], every["step"], every["loss"].astype(float), None, REFERENCES
    )


def _milliseconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
