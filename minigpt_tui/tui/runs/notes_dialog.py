"""Asks for several lines of text: the notes on a run."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static, TextArea

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.dialog import Dialog


class NotesDialog(Dialog[bool]):
    """Asks for several lines. `accept` as in `LineDialog`."""

    DEFAULT_CSS = """
    NotesDialog > Vertical { width: 64; max-width: 95%; }
    NotesDialog TextArea, NotesDialog TextArea:focus { height: 10; border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "save", "Save", priority=True),
        Binding("escape", "dismiss(False)", "Leave them", priority=True),
    ]

    def __init__(self, title: str, text: str, accept: Callable[[str], None]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._accept = accept

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "^s saves, esc leaves them"
            # A text area sends control characters on to the terminal.
            yield TextArea(visible(self._text.expandtabs(), keep_newlines=True))
            yield Static("", classes="error", markup=False)

    def on_mount(self) -> None:
        area = self.query_one(TextArea)
        area.focus()
        area.move_cursor(area.document.end)

    def action_save(self) -> None:
        self.close_if_taken(True, lambda: self._accept(self.query_one(TextArea).text))
