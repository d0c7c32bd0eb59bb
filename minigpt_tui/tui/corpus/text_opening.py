"""Opens a text by its path: typed, pasted, or pulled into the terminal as a file."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, get_current_worker

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.corpus.text_choices import DISK, TextChoice, opened_choice

_LONGEST_PATH = 4096


class TextOpening:
    """Finds in a thread what a path means, and posts to its pane what it is."""

    @dataclass
    class Opened(Message):
        choice: TextChoice

    @dataclass
    class Refused(Message):
        sentence: str

    def __init__(
        self, pane: Widget, data: DataFolder, choices: Callable[[], Sequence[TextChoice]]
    ) -> None:
        """`choices` are the texts that are listed; called in the thread."""
        self.pane = pane
        self.data = data
        self.choices = choices

    def ask_for(self, typed: str) -> None:
        """A newer question takes the place of an older one."""
        self.pane.run_worker(
            lambda: self._find(typed),
            name="open",
            group="open",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def _find(self, typed: str) -> None:
        worker: Worker[object] = get_current_worker()
        answer: Message
        try:
            answer = self.Opened(opened_choice(typed, self.data, self.choices()))
        except ValueError as error:
            answer = self.Refused(str(error))
        if not worker.is_cancelled:
            self.pane.post_message(answer)


def pasted_path(text: str) -> str | None:
    """The path that a pasted text is, quoted or escaped as a terminal or shell writes it; None
    where it is none of something that exists."""
    line = text.strip()
    if not line or len(line) > _LONGEST_PATH or "\n" in line or "\r" in line:
        return None
    parts: list[str]
    try:
        parts = shlex.split(line)
    except ValueError:  # a quotation mark without its other one
        parts = []
    for path in [line, *parts[: len(parts) == 1]]:
        try:
            if os.path.lexists(Path(path).expanduser()) and os.sep in path:
                return path
        except (OSError, ValueError, RuntimeError):  # a NUL, no such user behind ~
            continue
    return None


def folder_of(choice: TextChoice) -> Path:
    """The folder in which a text is likely to be sought: that of the last one, or where we are."""
    try:
        beside = Path(choice.names[0]).parent
        return beside if choice.shelf == DISK and beside.is_dir() else Path.cwd()
    except OSError:  # the folder was removed, or may not be looked into
        return Path.home()
