"""A run as one watches it: where it stands, its curves, what they mean, what it writes."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

from textual import on
from textual.app import ComposeResult
from textual.containers import Container, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import keymap_of, keys_in
from minigpt_tui.tui.pane import focus_now, while_there
from minigpt_tui.tui.plot.chosen_runs import Chosen, ChosenRuns
from minigpt_tui.tui.plot.loss_plot import EMPTY_MESSAGE, LossPlot, PlotData
from minigpt_tui.tui.plot.overlays import FollowedRun, OverlaidCurves
from minigpt_tui.tui.plot.plot_export import write_plot
from minigpt_tui.tui.plot.plot_state import Look
from minigpt_tui.tui.plot.plot_svg import to_svg
from minigpt_tui.tui.runs.run_view import RunView
from minigpt_tui.tui.runs.run_words import figures_line, progress_line, sentences, title_line
from minigpt_tui.tui.train.samples import Samples
from minigpt_tui.tui.widgets.repaint import entitle, put

DRAWN = ("uniform", "unigram", "5-gram")
"""The reference lines in the plot; more of them would hide the curves."""


NO_SAMPLES = "Samples follow the measurements of the loss."
NO_SAMPLES_OF_IMPORTED = "It was imported: no samples were written on the way."
NO_CURVE_OF_IMPORTED = "It was imported, without its curves."
NO_CURVE_TO_READ = "The curves are back as soon as they can be read."


class RunMonitor(Container):
    """Shows a `RunView`, or a notice in its place: nothing yet, preparing, could not start."""

    SCOPED_CSS = False  # the rules by size begin at the screen
    DEFAULT_CSS = """
    RunMonitor {
        #notice { height: 1fr; align: center middle; }
        #notice Static { width: auto; max-width: 64; height: auto; }
        #live { height: 1fr; }
        #live Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #live #words { height: 4; text-wrap: wrap; }
        #samples { height: 11; }
        &.-noticing #live, &.-noticing #samples { display: none; }
        &.-watching #notice { display: none; }
    }
    .-short RunMonitor {
        #live #words { height: 2; }
        #samples { height: 5; }
    }
    """

    @dataclass
    class OverlayRead(Message):
        """From the thread: another run's curve."""

        run: Chosen
        followed: FollowedRun

    def __init__(self, look: Look | None = None, chosen: ChosenRuns | None = None) -> None:
        super().__init__(classes="-noticing")
        self._look = look
        self._overlaid = OverlaidCurves(chosen or ChosenRuns(), plot_data)
        self._reading: set[Chosen] = set()
        self._view: RunView | None = None
        self._state = ""
        self._trained_here = False

    def compose(self) -> ComposeResult:
        with VerticalScroll(classes="box", id="notice"):
            yield Static("", markup=False)
        with Vertical(classes="box", id="live"):
            yield Static("", id="run-title", markup=False)
            yield Static("", id="run-progress", markup=False)
            yield LossPlot(self._look)
            yield Static("", id="figures", markup=False)
            yield Static("", id="words", markup=False)
        samples = Samples(classes="box", id="samples")
        samples.border_title = "What it writes"
        yield samples

    def focus_first(self) -> None:
        """The plot; on a narrow screen, whose footer its many keys would fill, the samples."""
        if not self.has_class("-watching"):
            focus_now(self.query_one("#notice"))
        elif self.screen.has_class("-narrow"):
            focus_now(self.query_one(Samples))
        else:
            focus_now(self.query_one(LossPlot))

    def show_notice(self, title: str, text: Content) -> None:
        """A sentence or two in place of the run."""
        self._watch(False)
        box = self.query_one("#notice")
        entitle(box, title)
        put(box.query_one(Static), text)

    def show_view(self, view: RunView, state: str, trained_here: bool) -> None:
        """The run as it is now; `state` is its state in a word."""
        before = self._view
        self._view, self._state, self._trained_here = view, state, trained_here
        self._watch(True)
        entitle(self.query_one("#live"), f"Run {visible(view.run.name)}")
        plot = self.query_one(LossPlot)
        elsewhere = view.info is not None and view.info.imported
        unread = NO_CURVE_TO_READ if view.status.step and not len(view.metrics) else EMPTY_MESSAGE
        plot.empty_message = NO_CURVE_OF_IMPORTED if elsewhere else unread
        plot.show(plot_data(view))
        if before is None or before.run != view.run or before.samples != view.samples:
            none = NO_SAMPLES_OF_IMPORTED if elsewhere else NO_SAMPLES
            self.query_one(Samples).show(view.samples, none)
        self._show_lines()

    def follow_overlays(self) -> None:
        """Draws what is new of the other runs that were chosen; cheap while nothing is."""
        plot = self.query_one(LossPlot)
        for run in self._overlaid.missing():
            if run not in self._reading:
                self._reading.add(run)
                self._read_overlay(run, plot)
        shown = self._view.run if self._view is not None else None
        overlays = self._overlaid.pull(shown, plot.span_of)
        if overlays is not None:
            plot.show_overlays(overlays)

    def _read_overlay(self, run: Chosen, plot: LossPlot) -> None:
        def read() -> None:
            self.post_message(self.OverlayRead(run, self._overlaid.first_look(run, plot.span_of)))

        self.run_worker(read, thread=True, exit_on_error=False)

    @on(OverlayRead)
    def _overlay_read(self, message: OverlayRead) -> None:
        self._reading.discard(message.run)
        self._overlaid.take(message.run, message.followed)
        self.follow_overlays()

    def export_plot(self, folder: Path) -> None:
        """Writes drawing and figures in a thread, and says where they are or what was refused."""
        plot = self.query_one(LossPlot)
        curve, overlays = plot.curve, plot.overlays
        if plot.view is None:
            self.notify("There is no curve yet.", title="Not exported", markup=False)
            return

        drawing = to_svg(curve, plot.view, overlays)  # the curves belong to the screen's thread
        runs = [curve.data, *(overlay.curve.data for overlay in overlays)]
        name = f"{curve.data.name}-step-{curve.newest:.0f}"

        app = self.app  # it is still there when this pane is not

        def write() -> None:
            try:
                exported = write_plot(folder, name, drawing, runs)
            except ValueError as error:
                words, title, severity = str(error), "Not exported", "warning"
            else:
                words = visible(f"{exported.drawing.name} and .csv, in {folder}")
                title, severity = "Plot exported", "information"
            app.call_from_thread(app.notify, words, title=title, severity=severity, markup=False)

        self.run_worker(write, thread=True, exit_on_error=False)

    def _watch(self, watching: bool) -> None:
        """Turns between the run and the notice; the focus stays in the monitor if it was there."""
        if watching == self.has_class("-watching"):
            return
        had_focus = self.has_focus_within
        self.set_class(watching, "-watching")
        self.set_class(not watching, "-noticing")
        if had_focus:
            self.call_after_refresh(while_there(self, self.focus_first))

    def on_resize(self) -> None:
        self._say_what_is_seen()
        self.call_after_refresh(while_there(self, self._show_lines))

    @on(LossPlot.Looked)
    def _looked(self) -> None:
        self._say_what_is_seen()
        self._show_lines()

    def on_descendant_focus(self) -> None:
        self._say_what_is_seen()

    def _say_what_is_seen(self) -> None:
        plot = self.query_one(LossPlot)
        words = plot.seen_in_words
        if not words and self.screen.has_class("-narrow"):
            words = "tab: read the curves"
            if plot.has_focus:
                words = keys_in(self, "‹app.help›: keys of the plot")
        entitle(self.query_one("#live"), subtitle=words)

    def _show_lines(self) -> None:
        view = self._view
        if view is None:
            return
        width = self.query_one("#run-title").size.width
        words = self.query_one("#words", Static)
        height = words.size.height
        found = sentences(view, self._trained_here, height < 3, keymap_of(self))
        for name, line in (
            ("#run-title", title_line(view, self._state, width)),
            ("#run-progress", progress_line(view, width)),
            ("#figures", self.query_one(LossPlot).reading(width) or figures_line(view, width)),
        ):
            put(self.query_one(name, Static), line, fixed=True)
        put(words, "\n".join(fitting(found, width, height)), fixed=True)


def plot_data(view: RunView) -> PlotData:
    """The curves of a run, still memory-mapped."""
    metrics, evaluations, info = view.metrics, view.evaluations, view.info
    best = view.best
    references: tuple[tuple[str, float], ...] = ()
    if info is not None and info.baselines is not None:
        lines = info.baselines.lines()
        references = tuple((line.label, line.nats) for line in lines if line.name in DRAWN)
    return PlotData(
        train_steps=metrics["step"],
        train_loss=metrics["loss"],
        val_steps=evaluations["step"],
        val_loss=evaluations["val_loss"],
        best_step=None if best is None else int(best["step"]),
        references=references,
        events=view.events,
        total_steps=view.status.total_steps or None,
        name=view.run.name,
        checkpoints=view.saved,
        lr=metrics["lr"],
        grad_norm=metrics["grad_norm"],
        epoch=metrics["epoch"],
        tokens=metrics["tokens"],
        seconds=metrics["seconds"],
    )


def fitting(found: list[str], width: int, height: int) -> list[str]:
    """The sentences, wrapped, that fit into the lines there are; of the first at least a part."""
    lines: list[str] = []
    for sentence in found:
        wrapped = textwrap.wrap(sentence, max(width, 10))
        if not lines:
            lines = wrapped[: max(height, 1)]
        elif len(lines) + len(wrapped) <= height:
            lines += wrapped
    return lines
