"""What the Train pane says where there is no run to draw: nothing yet, preparing, refused."""

from __future__ import annotations

from textual.content import Content

from minigpt_tui.tui.keys.key_prose import with_bold_keys
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.widgets.numbers import duration

_CALM_SIGNS = "◐◓◑◒"

_KEYS = (
    ("‹train.start›", "starts with the settings as they are"),
    ("‹app.corpus›", "chooses another text"),
    ("‹train.toggle_form›", "shows the settings, on a narrow screen"),
    ("‹app.help›", "explains the loss"),
)


def nothing_yet(keymap: Keymap) -> Content:
    """What will be here, and the keys to begin with."""
    keys = [with_bold_keys(f"{key}  {words}", keymap) for key, words in _KEYS]
    return Content.assemble(
        ("No training yet\n\n", "bold"),
        "A model learns to guess the next token of the text. Its loss, how surprised it is, is "
        "drawn here step by step, and below it what the model writes by itself.\n\n",
        Content("\n").join(keys),
    )


def preparing(message: str, seconds: float) -> Content:
    """What is being done before the first step; the sign turns twice a second."""
    sign = _CALM_SIGNS[int(seconds * 2) % len(_CALM_SIGNS)]
    return Content.assemble(
        (f"{sign} ", "$primary"),
        (f"{message}…\n\n", "bold"),
        (f"{duration(int(seconds))} gone. The curve begins with the first step.", "dim"),
    )


def refused(sentence: str) -> Content:
    """Why a training ended before it began."""
    return Content.assemble(
        ("Not started\n\n", "bold $error"),
        f"{sentence}\n\n",
        ("Change what is wrong, and try again.", "dim"),
    )
