"""What the Runs pane does to the folders of runs: pin, note, rename, delete, bring back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from textual.message import Message
from textual.widget import Widget

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.manage import (
    DeletedRun,
    delete_run,
    deleted_runs,
    empty_trash,
    rename_run,
    restore_run,
    set_pinned,
    write_notes,
)
from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.notes_dialog import NotesDialog
from minigpt_tui.tui.widgets.line_dialog import LineDialog
from minigpt_tui.tui.widgets.question import Question


class RunKeeping:
    """Asks where something must be asked, says what was refused, and posts to its pane."""

    @dataclass
    class Changed(Message):
        """A run has changed; `moved` are the folders that it had and has, if it was moved."""

        moved: tuple[RunFolder | None, RunFolder | None] = (None, None)

    @dataclass
    class TrashEmptied(Message):
        left: list[DeletedRun]
        fault: str

    def __init__(self, pane: Widget, data: DataFolder) -> None:
        self.pane = pane
        self.data = data

    def pin(self, summary: RunSummary) -> None:
        """Pins the run, or lets go of it."""
        if self.attempt(lambda: set_pinned(summary.run, not summary.pinned), "Not pinned"):
            self.pane.post_message(self.Changed())

    def note(self, summary: RunSummary) -> None:
        def write(text: str) -> None:
            write_notes(summary.run, text)
            self.pane.post_message(self.Changed())

        title = f"Notes on {visible(summary.run.name)}"
        self.pane.app.push_screen(NotesDialog(title, summary.notes, write))

    def rename(self, summary: RunSummary) -> None:
        run = summary.run

        def take(name: str) -> None:
            self.pane.post_message(self.Changed((run, rename_run(run, name.strip()))))

        self.pane.app.push_screen(LineDialog(f"Rename {visible(run.name)}", run.name, take))

    def delete(self, summary: RunSummary) -> None:
        run = summary.run
        if self.attempt(lambda: delete_run(run), "Not deleted"):
            self.pane.post_message(self.Changed((run, None)))
            self.say(
                "‹runs.undo_delete› brings it back, within a week.",
                f"{visible(run.name)} is deleted",
            )

    def bring_back(self, deleted: DeletedRun) -> None:
        if self.attempt(lambda: restore_run(self.data, deleted), "Not brought back"):
            run = RunFolder(self.data.runs / deleted.name)
            self.pane.post_message(self.Changed((None, run)))
            self.say("It is in the list again.", f"{visible(deleted.name)} is back")

    def empty_trash(self, count: int) -> None:
        """Asks first, and removes in a thread what may be many gigabytes."""

        def remove() -> None:
            fault = ""
            try:
                empty_trash(self.data, older_than=0.0)
            except OSError as error:
                fault = f"{error.strerror}: {error.filename}"
            self.pane.post_message(self.TrashEmptied(deleted_runs(self.data), fault))

        def answered(yes: bool | None) -> None:
            if yes:
                self.pane.run_worker(remove, thread=True, exit_on_error=False)

        runs = "1 deleted run" if count == 1 else f"{count} deleted runs"
        question = f"{runs} will be gone for good, and cannot be brought back."
        self.pane.app.push_screen(Question("Empty the trash", question, "Empty it"), answered)

    def attempt(self, work: Callable[[], object], refused: str) -> bool:
        """Whether it could be done; a refusal is said under the title `refused`."""
        try:
            work()
        except ValueError as error:
            self.say(str(error), refused, "warning")
            return False
        return True

    def say(
        self,
        sentence: str,
        title: str = "",
        severity: Literal["information", "warning"] = "information",
    ) -> None:
        self.pane.notify(visible(sentence), title=title, severity=severity, markup=False)
