"""What stands in the place of an answer while there is none: how to come by a model, or why not."""

from __future__ import annotations

from textual.widgets import Static

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import keys_in
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.widgets.repaint import put

EMPTY = "No model yet. Press ‹app.corpus›, choose a text, press t."
BEGUN = "No model yet: the training has begun. The first one {soon} here after an epoch."


class NoModel(Static):
    """A box for a sentence; the pane shows it, or the answer."""

    def __init__(self, soon: str) -> None:
        """`soon` is what the first model of a training will do: answers, can be seen."""
        super().__init__("", id="message", classes="box", markup=False)
        self._soon = soon

    def explain(self, line: ModelLine, *, training: bool) -> None:
        """Why the line has no model."""
        waiting = BEGUN.format(soon=self._soon) if training else EMPTY
        self.say(line.reason or waiting, trouble=line.run is not None)

    def say(self, sentence: str, *, trouble: bool = False) -> None:
        self.set_class(trouble, "warning")
        if trouble:
            sentence = f"⚠ {visible(sentence)}\n\n‹predict.choose_run› chooses another model."
        put(self, keys_in(self, sentence))
