"""What stands in the prompt before anybody has typed one: words that the model has seen."""

from __future__ import annotations

from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.folder import RunFolder, read_config
from minigpt_tui.text.decoding import decode
from minigpt_tui.text.formats import format_of
from minigpt_tui.text.library import find_corpus
from minigpt_tui.tui.remembered import Remembered

WORDS = 2
LONGEST = 24
"""Characters."""
_HEAD = 1024
"""Bytes in which the first words are looked for."""
_UNTYPED = Remembered()


def first_prompt(remembered: Remembered, run: RunFolder | None, data: DataFolder) -> str:
    """The prompt that is remembered; before there is one, how the run's own text begins.

    The usual prompt is made for the sample text: another text may not even have its characters.
    Where the text is gone or no plain file, the usual one stands.
    """
    if remembered.prompt != _UNTYPED.prompt or run is None:
        return remembered.prompt
    try:
        settings = read_config(run).data
        if settings.corpus == (_UNTYPED.corpus,):
            return remembered.prompt
        source = find_corpus(settings.corpus, data)[0]
        if not format_of(source.name).is_plain:
            return remembered.prompt
        with open_regular(source) as file:
            head = file.read(_HEAD)
        whole = head[: head.rfind(b" ")] if len(head) == _HEAD else head  # no character is cut
        words = decode(whole, source, settings.encoding).split()[:WORDS]
    except (ValueError, OSError):  # Train and Runs say what is wrong with the run or its text
        return remembered.prompt
    return " ".join(words)[:LONGEST] or remembered.prompt
