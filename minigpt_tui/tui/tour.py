"""The tour: four steps in two lines above the footer, which leave every key to the panes.

It follows the panes: opening the next pane is the next step. It is there at the first start, and
whenever its key asks for it.
"""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from minigpt_tui.tui.keys.key_names import key_words
from minigpt_tui.tui.keys.key_prose import with_bold_keys
from minigpt_tui.tui.keys.keymap import Keymap

STEPS = {
    "corpus": (
        "Choose a text.",
        "The list has texts to learn from, ‹corpus.open_path› opens one of yours. "
        "‹corpus.train_corpus› trains a model on it.",
    ),
    "train": (
        "Watch it learn.",
        "The loss is the surprise at the next token: the curve should fall. "
        "‹train.start› starts, ‹train.stop› stops and saves.",
    ),
    "predict": (
        "Ask the model.",
        "Type: bars show what it expects next, as tokens and as whole words. "
        "‹predict.generate› lets it write on.",
    ),
    "runs": (
        "Find it again.",
        "Every training is kept here: compare, resume, ask. "
        "‹app.help› explains a pane, ‹app.jump› goes to a part, ‹^p› finds a command.",
    ),
}


class Tour(Static):
    """Shows the step of a pane; a pane without one keeps the step before."""

    DEFAULT_CSS = """
    Tour { width: 1fr; height: auto; max-height: 4; padding: 0 1; background: $panel; }
    """

    def __init__(self, pane: str, keymap: Keymap) -> None:
        super().__init__("", markup=False)
        self._keymap = keymap
        self.show_pane(pane)

    def show_pane(self, pane: str) -> None:
        if pane in STEPS:
            self.update(step_words(pane, self._keymap))


def step_words(pane: str, keymap: Keymap) -> Content:
    """The step of a pane, how to come to the next one, and how to get rid of the tour."""
    names = list(STEPS)
    number = names.index(pane)
    title, words = STEPS[pane]
    hide = f"{key_words(keymap.keys_of('app.tour'))} "
    if number + 1 < len(names):
        key = key_words(keymap.keys_of(f"app.{names[number + 1]}"))
        onward = [(f"  {key} ", "bold $primary"), ("next step", "dim")]
    else:
        onward = []
    return Content.assemble(
        (f"{number + 1} of {len(names)} ", "dim"),
        (f"{title} ", "bold"),
        with_bold_keys(words, keymap),
        *onward,
        (f"  {hide}", "bold $primary"),
        ("hides the tour" if onward else "ends the tour", "dim"),
    )
