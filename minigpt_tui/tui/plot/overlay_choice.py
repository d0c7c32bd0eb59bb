"""The dialog that chooses which curves lie over the one that is watched: of runs, or of files."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import dataclass
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, list_runs, read_info
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.plot.chosen_runs import Chosen, ChosenRuns
from minigpt_tui.tui.plot.loss_legend import LETTERS, SIGNS
from minigpt_tui.tui.plot.outside_curve import OutsideCurve, read_outside_curves
from minigpt_tui.tui.runs.run_choice import age_in_words
from minigpt_tui.tui.widgets.dialog import Dialog
from minigpt_tui.tui.widgets.line_dialog import LineDialog

log = logging.getLogger(__name__)

COLUMNS = ((4, "As"), (26, "Run"), (18, "Corpus"))
CLOSES = "enter or space chooses, c none of them, f a file, esc closes"
ASKS_FILE = "TensorBoard folder or CSV of another program"


@dataclass(frozen=True)
class Candidate:
    """A run with a curve, or a curve of another program."""

    run: Chosen
    corpus: str
    loss: float | None
    seconds: float | None  # since the newest step
    live: bool


class OverlayChoice(Dialog[None]):
    """What is chosen here is drawn at once."""

    DEFAULT_CSS = """
    OverlayChoice > Vertical { width: 80; max-height: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,o,q", "dismiss(None)", "Close"),
        Binding("space", "choose", "Choose"),
        Binding("c", "clear", "None of them"),
        Binding("f", "file", "A file"),
    ]

    @dataclass
    class Listed(Message):
        candidates: list[Candidate]

    @dataclass
    class Read(Message):
        curves: list[OutsideCurve]

    @dataclass
    class NotRead(Message):
        sentence: str

    def __init__(self, data: DataFolder, chosen: ChosenRuns, shown: RunFolder | None) -> None:
        super().__init__()
        self.data = data
        self.chosen = chosen
        self.shown = shown
        self.candidates: list[Candidate] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Which runs lie over this one?"
            box.border_subtitle = CLOSES
            yield Static("Reading the runs…", id="columns", markup=False)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()
        self.run_worker(
            lambda: self.post_message(self.Listed(candidates(self.data, self.shown))),
            thread=True,
            exit_on_error=False,
        )

    def on_overlay_choice_listed(self, message: Listed) -> None:
        files = [curve for curve in self.chosen.slots if isinstance(curve, OutsideCurve)]
        self.candidates = [*map(_candidate, files), *message.candidates]
        self._list()

    def _list(self) -> None:
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options([Option(self._row(candidate)) for candidate in self.candidates])
        if self.candidates:
            options.highlighted = 0
        nothing = Content("There is no other run with a curve yet. f reads one from a file.")
        self.query_one("#columns", Static).update(_heading() if self.candidates else nothing)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is None:
            return
        words = CLOSES
        try:
            self.chosen.toggle(self.candidates[place].run)
        except ValueError as error:
            words = str(error)
        self.query_one(Vertical).border_subtitle = words
        self._draw_rows()

    def action_file(self) -> None:
        """Asks for a file, and reads it in a thread."""

        def accept(typed: str) -> None:
            self.query_one(Vertical).border_subtitle = "reading…"
            self.run_worker(
                lambda: self._read(typed),
                group="file",
                thread=True,
                exclusive=True,
                exit_on_error=False,
            )

        self.app.push_screen(LineDialog(ASKS_FILE, "", accept))

    def _read(self, typed: str) -> None:
        try:
            answer: Message = self.Read(read_outside_curves(typed))
        except ValueError as error:
            answer = self.NotRead(str(error))
        except Exception as error:  # a bug must not leave the dialog waiting
            log.exception("%r could not be read", typed)
            answer = self.NotRead(f"{type(error).__name__}: see the log.")
        self.post_message(answer)

    def on_overlay_choice_read(self, message: Read) -> None:
        """Lays the curves over the run, as many as there are places for."""
        words = CLOSES
        for curve in message.curves:
            if all(curve != candidate.run for candidate in self.candidates):
                self.candidates.insert(0, _candidate(curve))
            try:
                self.chosen.add(curve)
            except ValueError as error:
                words = str(error)
        self.query_one(Vertical).border_subtitle = words
        self._list()

    def on_overlay_choice_not_read(self, message: NotRead) -> None:
        self.query_one(Vertical).border_subtitle = CLOSES
        sentence = visible(message.sentence)
        self.notify(sentence, title="Not read", severity="warning", markup=False)

    def action_clear(self) -> None:
        self.chosen.slots.clear()
        self._draw_rows()

    def _draw_rows(self) -> None:
        options = self.query_one(OptionList)
        for place, candidate in enumerate(self.candidates):
            options.replace_option_prompt_at_index(place, self._row(candidate))

    def _row(self, candidate: Candidate) -> Content:
        slot = self.chosen.slots.get(candidate.run)
        sign = "·" if slot is None else f"{LETTERS[slot]} {SIGNS[slot]}"
        cells = (sign, candidate.run.name, candidate.corpus)
        columns = [
            Content(visible(text)).truncate(width, ellipsis=True, pad=True)
            for text, (width, _) in zip(cells, COLUMNS, strict=True)
        ]
        loss = "–" if candidate.loss is None else f"{candidate.loss:.3f}"
        age = "a file"
        if candidate.seconds is not None:
            age = "training" if candidate.live else age_in_words(candidate.seconds)
        row = Content("  ").join([*columns, Content(f"{loss:>8}  {age}")])
        return row if slot is None else row.stylize("bold")


def candidates(data: DataFolder, shown: RunFolder | None) -> list[Candidate]:
    """The other runs that have taken a step, the newest first."""
    found = []
    for run in list_runs(data):
        try:
            age = time.time() - run.metrics_file.stat().st_mtime
        except OSError:
            continue
        if run == shown:
            continue
        try:
            corpus = read_info(run).corpus_name
        except ValueError:  # run.json is broken, the curve may be whole
            corpus = "?"
        status = read_status(run)
        loss = status.best_val_loss if status.best_val_loss is not None else status.train_loss
        found.append(Candidate(run, corpus, loss, age, status.live))
    return found


def _candidate(curve: OutsideCurve) -> Candidate:
    losses = curve.data.val_loss if len(curve.data.val_loss) else curve.data.train_loss
    best = min((value for value in losses.tolist() if math.isfinite(value)), default=None)
    return Candidate(curve, curve.path.name, best, None, False)


def _heading() -> Content:
    return Content("  ").join(
        [*(Content(f"{title:<{width}}") for width, title in COLUMNS), Content("    Loss  Age")]
    )
