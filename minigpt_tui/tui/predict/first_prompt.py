"""What stands in the prompt before anybody has typed one: words that the model has seen.

The usual prompt is made for the sample text: another text may not even have its characters.
"""

from __future__ import annotations

from minigpt_tui.runs.damaged import DamagedError
from minigpt_tui.runs.folder import RunFolder, read_config, read_info
from minigpt_tui.tui.remembered import Remembered

LONGEST = 80
"""Characters; a foreign run may say any number of them."""
_UNTYPED = Remembered()


class FirstPrompt:
    """Proposes a prompt, one for each run, until the remembered one is somebody's own."""

    def __init__(self, remembered: Remembered) -> None:
        self._remembered = remembered
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
            self._proposed = _opening(run) if run else ""
        self._proposed = self._proposed or _UNTYPED.prompt
        self._remembered.prompt = self._proposed


def _opening(run: RunFolder) -> str:
    """How the run's text begins; empty if it is the sample text, or the run does not say."""
    try:
        if read_config(run).data.corpus == (_UNTYPED.corpus,):
            return ""
        return " ".join(read_info(run).opening.split())[:LONGEST]
    except DamagedError:  # Train and Runs say what is wrong with the run
        return ""
