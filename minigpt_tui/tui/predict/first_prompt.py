"""What stands in the prompt before anybody has typed one: words that the model has seen.

The usual prompt is made for the sample text: another text may not even have its characters.
"""

from __future__ import annotations

from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.folder import RunFolder, read_config
from minigpt_tui.text.decoding import checked, decoded
from minigpt_tui.text.formats import format_of
from minigpt_tui.text.library import find_corpus
from minigpt_tui.tui.remembered import Remembered

WORDS = 2
LONGEST = 24
"""Characters."""
_HEAD = 1024
"""Bytes in which the first words are looked for."""
_UNTYPED = Remembered()


class FirstPrompt:
    """Proposes a prompt, one for each run, until the remembered one is somebody's own."""

    def __init__(self, remembered: Remembered, data: DataFolder) -> None:
        self._remembered = remembered
        self._data = data
        self._run: RunFolder | None = None
        self._proposed = _UNTYPED.prompt

    @property
    def typed(self) -> str:
        """The prompt to be remembered; a mere proposal is none."""
        prompt = self._remembered.prompt
        return _UNTYPED.prompt if prompt == self._proposed else prompt

    def begin(self, run: RunFolder | None) -> None:
        """Puts the proposal for a run in the place of the usual prompt, or of another run's."""
        if self.typed != _UNTYPED.prompt:
            return
        if run != self._run:
            self._run = run
            self._proposed = _beginning(run, self._data) if run else ""
        self._proposed = self._proposed or _UNTYPED.prompt
        self._remembered.prompt = self._proposed


def _beginning(run: RunFolder, data: DataFolder) -> str:
    """How the run's text begins; empty if it is the sample text, gone, or no plain file."""
    try:
        settings = read_config(run).data
        if settings.corpus == (_UNTYPED.corpus,):
            return ""
        source = find_corpus(settings.corpus, data)[0]
        if not format_of(source.name).is_plain:
            return ""
        with open_regular(source) as file:
            head = file.read(_HEAD)
        # The first piece alone: what the end of the head has of a character would be refused.
        text = next(checked(decoded([head], source, settings.encoding), source), "")
    except (ValueError, OSError):  # Train and Runs say what is wrong with the run or its text
        return ""
    return " ".join(text.split()[:WORDS])[:LONGEST]
