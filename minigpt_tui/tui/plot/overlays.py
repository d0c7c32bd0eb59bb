"""The curves of the runs that lie over the one that is watched, read from their folders."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.tui.plot.chosen_runs import Chosen, ChosenRuns
from minigpt_tui.tui.plot.loss_legend import Overlay
from minigpt_tui.tui.plot.outside_curve import OutsideCurve
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_data import PlotData
from minigpt_tui.tui.runs.run_view import RunReader, RunView

SpanOf = Callable[[PlotData], int]
"""Over how many steps the loss of a run is smoothed."""

PULL_SECONDS = 1.0
"""How often the folder of an overlaid run is looked at."""


@dataclass
class FollowedRun:
    """The curve of a run, and what reads it."""

    reader: RunReader | None
    """None for a curve of another program, which is as it is."""
    curve: Curve
    looked: float


class OverlaidCurves:
    """Reads the chosen runs from their folders: the first look in a thread, then what is new."""

    def __init__(self, chosen: ChosenRuns, to_plot: Callable[[RunView], PlotData]) -> None:
        self.chosen = chosen
        self._to_plot = to_plot
        self._followed: dict[Chosen, FollowedRun] = {}
        self._given: tuple[Overlay, ...] = ()

    def missing(self) -> list[Chosen]:
        """The chosen runs that have not been read yet."""
        return [run for run in self.chosen.slots if run not in self._followed]

    def first_look(self, run: Chosen, span_of: SpanOf) -> FollowedRun:
        """Everything that a run has recorded so far; for a thread, since that may be millions."""
        if isinstance(run, OutsideCurve):
            followed = FollowedRun(None, Curve(), time.monotonic())
            followed.curve.update(run.data, span_of(run.data))
            return followed
        followed = FollowedRun(reader := RunReader(run), Curve(), time.monotonic())
        view = reader.pull()
        assert view is not None, "the first pull of a reader always finds something"
        data = self._to_plot(view)
        followed.curve.update(data, span_of(data))
        return followed

    def take(self, run: Chosen, followed: FollowedRun) -> None:
        self._followed[run] = followed

    def pull(self, shown: RunFolder | None, span_of: SpanOf) -> tuple[Overlay, ...] | None:
        """The overlays beside the run that is shown, in the order of their places; None if
        nothing changed since the last call that gave the same runs."""
        now = time.monotonic()
        changed = False
        for run in [run for run in self._followed if run not in self.chosen.slots]:
            del self._followed[run]
        for followed in self._followed.values():
            if followed.reader is not None and now - followed.looked >= PULL_SECONDS:
                followed.looked = now
                view = followed.reader.pull()
                if view is not None:
                    data = self._to_plot(view)
                    changed |= followed.curve.update(data, span_of(data))
        overlays = tuple(
            Overlay(self._followed[run].curve, run.name, slot)
            for run, slot in sorted(self.chosen.slots.items(), key=lambda item: item[1])
            if run in self._followed and run != shown
        )
        same = [(o.curve, o.slot) for o in overlays] == [(o.curve, o.slot) for o in self._given]
        if same and not changed:
            return None
        self._given = overlays
        return overlays
