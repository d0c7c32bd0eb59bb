"""Takes a run that another process trains into this window: asks it to stop, and waits for it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.lock import is_locked
from minigpt_tui.runs.requests import withdraw, write_request
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.runs.run_words import whereabouts
from minigpt_tui.tui.widgets.dialog import Dialog
from minigpt_tui.tui.widgets.numbers import duration

PULL_SECONDS = 0.25
SIGNS = "◐◓◑◒"


class TakeBackDialog(Dialog[bool]):
    """Answers True once the run is saved and nobody's, False if it is to stay where it is."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,c", "cancel", "Leave it there", priority=True)
    ]

    def __init__(self, run: RunFolder) -> None:
        super().__init__()
        self._run = run
        self._request: Path | None = None
        self._began = time.monotonic()

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(f"Taking {visible(self._run.name)} into this window")
            box.border_subtitle = "esc: leave it there"
            yield Static("", id="progress", markup=False)

    def on_mount(self) -> None:
        try:
            self._request = write_request(self._run, "stop")
        except ValueError as error:
            self._say(str(error))
            self.dismiss(False)
            return
        self.set_interval(PULL_SECONDS, self._pull)
        self._pull()

    def action_cancel(self) -> None:
        if self._request is not None and not withdraw(self._request):
            self._say(
                "It was asked already: it stops after its step and saves. ‹train.pause› goes on "
                "with it."
            )
        self.dismiss(False)

    def _pull(self) -> None:
        status = read_status(self._run)
        if status.live or is_locked(self._run):
            self.query_one("#progress", Static).update(self._progress(whereabouts(status)))
        elif status.state in ("stopped", "interrupted"):
            self.dismiss(True)
        else:
            self._say(f"It has ended meanwhile: {status.state}.")
            self.dismiss(False)

    def _progress(self, process: str) -> Content:
        seconds = time.monotonic() - self._began
        sign = SIGNS[int(seconds / PULL_SECONDS) % len(SIGNS)]
        return Content.assemble(
            (f"{sign} ", "$primary"),
            ("Its process finishes the step in hand and saves…", "bold"),
            (f"  {duration(int(seconds))}\n\n", "dim"),
            (f"It was asked to stop ({process}). Then the training goes on here, ", "dim"),
            ("from exactly there.", "dim"),
        )

    def _say(self, sentence: str) -> None:
        self.app.notify(visible(sentence), title=visible(self._run.name), markup=False)
