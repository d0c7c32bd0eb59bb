"""What the loss plot costs: `python -m tests.benchmarks.plot` prints milliseconds (medians).

Columns: the first look at runs of so many rows; a redraw after 20 new rows when the frame is
cached; the same with a new frame from plotext, as a zoom has it; a call with nothing new. Drawing
ends with the strips that the screen takes. `--beside` measures while a thread multiplies matrices
on all cores, as a training does; `--cpu` counts the processor's time of the drawing alone, on a
machine that does other things.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.style import Style

from minigpt_tui.runs.metrics import METRIC
from minigpt_tui.tui.plot.cells import Role, StripCache
from minigpt_tui.tui.plot.loss_drawing import View, draw
from minigpt_tui.tui.plot.loss_legend import Overlay
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_data import PlotData
from minigpt_tui.tui.plot.plot_frame import plot_frame
from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.plot_look import seen
from minigpt_tui.tui.plot.plot_state import Part
from minigpt_tui.tui.plot.plot_view import loss_limits, overlay_rows, reach_of, room

SPAN = 1_000
NEW_ROWS, REDRAWS = 20, 20
REFERENCES = (("uniform", 4.17), ("unigram", 3.31), ("5-gram", 1.98))
CASES = ((1_000, 0), (100_000, 0), (1_000_000, 0), (500_000, 1), (500_000, 6))

_clock = time.perf_counter


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beside", action="store_true", help="with a busy thread of torch")
    parser.add_argument("--cpu", action="store_true", help="the thread's own time, not the wall's")
    options = parser.parse_args(arguments)
    if options.cpu:
        global _clock
        _clock = time.thread_time
    print("size       points  others    first   curves  + frame  nothing  zoomed   (ms)")
    with _training() if options.beside else contextlib.nullcontext():
        for width, height in ((80, 10), (160, 45), (220, 60)):
            for rows, others in CASES:
                figures = measure(rows, others, width, height)
                print(
                    f"{width:>3}×{height:<3} {rows:>9,} {others:>7} "
                    + " ".join(f"{figure:>8.2f}" for figure in figures)
                )


def measure(rows: int, others: int, width: int, height: int) -> tuple[float, ...]:
    """The costs in milliseconds, for records that lie strided in memory as in a file."""
    records = _records(rows + NEW_ROWS * 4 * REDRAWS)
    curve = Curve()
    overlays = [Overlay(Curve(), f"run-{slot}", slot) for slot in range(others)]
    plot = _Plot(curve, overlays, width, height)
    first = _milliseconds(lambda: plot.take(_data(records, rows)))
    plot.draw(None)

    shown = rows

    def redraws(part: Part | None, new_frame: bool) -> float:
        nonlocal shown
        costs = []
        for _ in range(REDRAWS):
            shown += NEW_ROWS
            data = _data(records, shown)
            if new_frame:
                plot_frame.cache_clear()
            costs.append(_milliseconds(partial(plot.step, data, part)))
        return statistics.median(costs)

    curves, frames = redraws(None, False), redraws(None, True)
    again = partial(curve.update, curve.data, SPAN)
    nothing = statistics.median(_milliseconds(again) for _ in range(REDRAWS))
    zoomed = redraws(Part(0.9 * rows, 1.1 * rows, follows=True), False)
    return first, curves, frames, nothing, zoomed


class _Plot:
    """What the widget does at a redraw, without a screen."""

    def __init__(self, curve: Curve, overlays: Sequence[Overlay], width: int, height: int) -> None:
        self.curve, self.overlays, self.width, self.height = curve, overlays, width, height
        self.y: Axis | None = None
        styles = [Style(color="blue", bold=bool(role % 2)) for role in Role]
        self.strips = StripCache(styles, styles)

    def take(self, data: PlotData) -> None:
        for curve in (self.curve, *(overlay.curve for overlay in self.overlays)):
            curve.update(data, SPAN)

    def step(self, data: PlotData, part: Part | None) -> None:
        self.take(data)
        self.draw(part)

    def draw(self, part: Part | None) -> None:
        curve, overlays = self.curve, self.overlays
        x, _ = seen(reach_of(curve, overlays, "step", False), part)
        self.y = loss_limits(curve, overlays, "step", x, False, self.y, self.width)
        assert self.y is not None
        named = overlay_rows(overlays, "step", self.width, self.height)
        small = room(self.height - named, curve.small_plots, None)
        view = View(self.width, self.height, x, self.y, SPAN, None, "step", *small, named)
        self.strips.strips(draw(curve, view, overlays))


@contextlib.contextmanager
def _training() -> Iterator[None]:
    import torch

    stop = threading.Event()

    def train() -> None:
        matrix = torch.randn(512, 512)
        while not stop.is_set():
            matrix = torch.nn.functional.normalize(matrix @ matrix)

    thread = threading.Thread(target=train)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _records(rows: int) -> NDArray[Any]:
    records = np.zeros(rows, METRIC)
    steps = np.arange(1, rows + 1)
    random = np.random.default_rng(0)
    records["step"], records["epoch"], records["tokens"] = steps, steps / 1000, 1600
    records["loss"] = 1.4 + 2.8 * np.exp(-steps / (rows / 8)) + random.normal(0, 0.1, rows)
    records["lr"], records["grad_norm"] = 1e-3, 1 + 0.1 * random.random(rows)
    records["seconds"] = 0.1 * steps
    return records


def _data(records: NDArray[Any], rows: int) -> PlotData:
    part = records[:rows]
    every = part[:: max(1, rows // 100)]
    return PlotData(
        part["step"],
        part["loss"],
        every["step"],
        every["loss"].astype(float),
        None,
        REFERENCES,
        lr=part["lr"],
        grad_norm=part["grad_norm"],
        epoch=part["epoch"],
        tokens=part["tokens"],
        seconds=part["seconds"],
    )


def _milliseconds(work: Callable[[], object]) -> float:
    start = _clock()
    work()
    return 1000 * (_clock() - start)


if __name__ == "__main__":
    main()
