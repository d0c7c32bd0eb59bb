"""The line in which a prompt is typed: any text fits in, and nothing in it acts on the terminal.

One line cannot hold a newline, and a terminal would obey an escape code. So the line shows
stand-ins (⏎, ⇥, ␛, ⟨U+202E⟩), and the model gets the characters they stand for.
"""

from __future__ import annotations

import re
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Paste
from textual.message import Message
from textual.widgets import Input

from minigpt_tui.text.safe import visible

MAX_CHARACTERS = 100_000

_CONTROL_PICTURES = {0x2400 + code: chr(code) for code in range(0x20)}
_CHARACTERS = _CONTROL_PICTURES | {ord("⏎"): "\n", ord("⇥"): "\t", ord("␡"): "\x7f"}
_CODE_POINT = re.compile(r"⟨U\+([0-9A-F]{4,6})⟩")


def shown_prompt(text: str) -> str:
    """A prompt on one line, safe for a terminal. `prompt_text` turns it back."""
    lines = text.replace("\r\n", "\n").replace("\n", "⏎").replace("\t", "⇥")
    return visible(lines)


def prompt_text(shown: str) -> str:
    """The text that `shown_prompt` shows."""
    return _CODE_POINT.sub(_character, shown.translate(_CHARACTERS))


class PromptInput(Input):
    """An Input whose `prompt` is the text for the model."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+j", "newline", "New line in the prompt", show=False),
        Binding("down", "leave", "To the bars", show=False),
    ]

    class TakeToken(Message):
        """The cursor was moved right at the end: take what the model would write next."""

    class Left(Message):
        """The cursor was moved downwards, out of the line."""

    def __init__(self, prompt: str, **options: str) -> None:
        super().__init__(
            shown_prompt(prompt)[:MAX_CHARACTERS],
            max_length=MAX_CHARACTERS,
            select_on_focus=False,
            **options,  # type: ignore[arg-type]  # id and classes
        )

    @property
    def prompt(self) -> str:
        return prompt_text(self.value)

    def replace(self, text: str, start: int, end: int) -> None:
        """Every insertion comes through here; what is too long is cut, not refused."""
        start, end = sorted((max(0, start), min(len(self.value), end)))
        room = MAX_CHARACTERS - len(self.value) + (end - start)
        super().replace(shown_prompt(text)[:room], start, end)

    def on_paste(self, event: Paste) -> None:
        """A paste keeps all its lines; Input alone would take the first."""
        event.prevent_default()
        event.stop()
        self.replace(event.text, *self.selection)

    def append(self, text: str) -> None:
        """Adds text at the end, and puts the cursor behind it."""
        self.insert(text, len(self.value))

    def show_prompt(self, prompt: str) -> None:
        """Another prompt, with the cursor at its end."""
        self.value = shown_prompt(prompt)[:MAX_CHARACTERS]
        self.show_end()

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def show_end(self) -> None:
        """Puts the cursor at the end and scrolls there, also where it stood there unseen."""
        self.cursor_position = 0
        self.cursor_position = len(self.value)

    def action_newline(self) -> None:
        self.replace("\n", *self.selection)

    def action_cursor_right(self, select: bool = False) -> None:
        if not select and self._stands_at_end():
            self.post_message(self.TakeToken())
        else:
            super().action_cursor_right(select)

    def action_cursor_right_word(self, select: bool = False) -> None:
        if not select and self._stands_at_end():
            self.post_message(self.TakeToken())
        else:
            super().action_cursor_right_word(select)

    def _stands_at_end(self) -> bool:
        return self.selection.is_empty and self.cursor_at_end


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    writable = code <= 0x10FFFF and not 0xD800 <= code <= 0xDFFF
    return chr(code) if writable else match[0]
