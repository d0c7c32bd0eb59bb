"""What every dialog is: a box with a title in the middle of the screen, over what was there."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from textual.screen import ModalScreen
from textual.widgets import Static

from minigpt_tui.text.safe import visible

Answer = TypeVar("Answer")


class Dialog(ModalScreen[Answer]):
    """Lays its `Vertical` into the middle; a dialog says how wide that is, and how high at most."""

    DEFAULT_CSS = """
    Dialog { align: center middle; }
    Dialog > Vertical {
        width: 76; max-width: 98%; height: auto; max-height: 95%; padding: 0 1;
        background: $surface; border: round $primary;
        border-title-color: $primary; border-subtitle-color: $foreground 60%;
    }
    Dialog OptionList, Dialog OptionList:focus {
        height: auto; max-height: 100%; border: none; padding: 0 1; background: $surface;
    }
    Dialog #columns { color: $foreground 60%; padding: 0 1; }
    Dialog .error { height: auto; }
    """

    def close_if_taken(self, answer: Answer, take: Callable[[], None]) -> None:
        """Closes with the answer when `take` took what was typed.

        Where `take` refuses it with a ValueError, the dialog stays, and its `.error` shows the
        sentence.
        """
        try:
            take()
        except ValueError as error:
            self.query_one(".error", Static).update(visible(str(error)))
        else:
            self.dismiss(answer)
