"""The dialog that chooses a checkpoint to compare with: of the same run, or of another."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.checkpoint_files import CheckpointFile, checkpoint_files
from minigpt_tui.runs.folder import RunFolder, list_runs
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.predict.asked_model import checkpoint_title
from minigpt_tui.tui.widgets.dialog import Dialog

NAME_WIDTH = 30
TITLE_WIDTH = 12
MOST_RUNS = 200


@dataclass(frozen=True)
class ChosenCheckpoint:
    """A checkpoint and the run that it belongs to."""

    run: RunFolder
    file: CheckpointFile

    @property
    def path(self) -> Path:
        return self.file.path


class CheckpointChoice(Dialog[ChosenCheckpoint | None]):
    """Answers with the checkpoint that was chosen, or None."""

    DEFAULT_CSS = """
    CheckpointChoice > Vertical { max-height: 80%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f10,q", "dismiss(None)", "Close")]

    @dataclass
    class Listed(Message):
        choices: list[ChosenCheckpoint]

    def __init__(self, data: DataFolder, first: RunFolder, title: str) -> None:
        super().__init__()
        self.data = data
        self.first = first
        self.title_of_first = title
        self.choices: list[ChosenCheckpoint] = []

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            name = visible(self.first.name)
            box.border_title = Content(f"Compare {name} ({self.title_of_first}) with")
            box.border_subtitle = "enter compares, esc closes"
            yield Static("Reading the checkpoints…", id="columns", markup=False)
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        self.run_worker(
            lambda: self.post_message(self.Listed(choices(self.data, self.first))),
            thread=True,
            exit_on_error=False,
        )

    def on_checkpoint_choice_listed(self, message: Listed) -> None:
        self.choices = message.choices
        options = self.query_one(OptionList)
        options.add_options([Option(_row(choice)) for choice in self.choices])
        heading = f"{'Run':<{NAME_WIDTH}}  {'Checkpoint':<{TITLE_WIDTH}}  {'Epoch':>6}  {'Loss':>8}"
        self.query_one("#columns", Static).update(
            heading if self.choices else "There is no other checkpoint yet."
        )
        if self.choices:
            options.highlighted = 0
        options.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.choices[event.option_index])


def choices(data: DataFolder, first: RunFolder) -> list[ChosenCheckpoint]:
    """Checkpoints of a run but its best, then of the other runs, the newest first."""
    runs = [first, *(run for run in list_runs(data)[:MOST_RUNS] if run != first)]
    found = []
    for run in runs:
        try:
            files = checkpoint_files(run)
        except (OSError, ValueError):  # a broken run is no reason to hide the others
            continue
        found += [
            ChosenCheckpoint(run, file) for file in files if run != first or file.path != run.best
        ]
    return found


def _row(choice: ChosenCheckpoint) -> Content:
    file = choice.file
    epoch = "–" if file.epoch is None else f"{file.epoch:.4g}"
    loss = "–" if file.val_loss is None else f"{file.val_loss:.3f}"
    name = Content(visible(choice.run.name)).truncate(NAME_WIDTH, ellipsis=True, pad=True)
    rest = f"  {checkpoint_title(file.path):<{TITLE_WIDTH}}  {epoch:>6}  {loss:>8}"
    return Content.assemble(name, rest)
