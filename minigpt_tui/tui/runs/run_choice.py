"""The dialog that chooses among the runs that have a model to ask."""

from __future__ import annotations

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
from minigpt_tui.tui.widgets.dialog import Dialog

COLUMNS = ((24, "Run"), (18, "Corpus"), (6, "Tokens"))


@dataclass(frozen=True)
class Choice:
    """A row of the list."""

    run: RunFolder
    corpus: str
    level: str
    loss: float | None
    seconds: float  # since the model was written
    live: bool


class RunChoice(Dialog[RunFolder | None]):
    """Answers with the run that was chosen, or None."""

    DEFAULT_CSS = """
    RunChoice > Vertical { width: 80; max-height: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f9,q", "dismiss(None)", "Close")]

    @dataclass
    class Listed(Message):
        choices: list[Choice]

    def __init__(self, data: DataFolder, current: RunFolder | None) -> None:
        super().__init__()
        self.data = data
        self.current = current
        self.choices: list[Choice] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "Which model answers?"
            box.border_subtitle = "enter asks it, esc closes"
            yield Static("Reading the runs…", id="columns", markup=False)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        self.run_worker(
            lambda: self.post_message(self.Listed(choices(self.data))),
            thread=True,
            exit_on_error=False,
        )

    def on_run_choice_listed(self, message: Listed) -> None:
        self.choices = message.choices
        options = self.query_one(OptionList)
        options.add_options([Option(_row(choice)) for choice in self.choices])
        runs = [choice.run for choice in self.choices]
        if runs:
            options.highlighted = runs.index(self.current) if self.current in runs else 0
        heading = _heading() if runs else Content("No run has a model yet: train one first.")
        self.query_one("#columns", Static).update(heading)
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.choices[event.option_index].run)


def choices(data: DataFolder) -> list[Choice]:
    """The runs that have a model, the newest first. Opens no checkpoint."""
    found = []
    for run in list_runs(data):
        try:
            written = run.best.stat().st_mtime
            info = read_info(run)
        except OSError:
            continue
        except ValueError:  # run.json is broken, the model may be whole
            corpus, level = "?", "?"
        else:
            corpus, level = info.corpus_name, info.level
        status = read_status(run)
        age = time.time() - written
        found.append(Choice(run, corpus, level, status.best_val_loss, age, status.live))
    return found


def age_in_words(seconds: float) -> str:
    """`now`, `5 min`, `3 h`, `12 days`."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= (2 * length if unit == "days" else length):
            return f"{seconds // length:.0f} {unit}"
    return "now"


def _heading() -> Content:
    return Content("  ").join(
        [*(Content(f"{title:<{width}}") for width, title in COLUMNS), Content("    Loss  Age")]
    )


def _row(choice: Choice) -> Content:
    cells = (choice.run.name, choice.corpus, choice.level)
    columns = [
        Content(visible(text)).truncate(width, ellipsis=True, pad=True)
        for text, (width, _) in zip(cells, COLUMNS, strict=True)
    ]
    loss = "–" if choice.loss is None else f"{choice.loss:.3f}"
    age = "training" if choice.live else age_in_words(choice.seconds)
    return Content("  ").join([*columns, Content(f"{loss:>8}  {age}")])
