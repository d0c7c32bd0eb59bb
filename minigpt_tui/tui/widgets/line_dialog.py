"""Asks for a line of text."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from minigpt_tui.tui.widgets.dialog import Dialog


class LineDialog(Dialog[bool]):
    """Asks for a line. `accept` takes it, or raises ValueError, whose sentence is shown."""

    DEFAULT_CSS = "LineDialog > Vertical { width: 64; max-width: 95%; }"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(False)", "Leave it")]

    def __init__(self, title: str, text: str, accept: Callable[[str], None]) -> None:
        super().__init__()
        self._title = title
        self._text = text
        self._accept = accept

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "enter takes it, esc leaves it"
            yield Input(self._text, max_length=200, compact=True)
            yield Static("", classes="error", markup=False)

    def on_mount(self) -> None:
        self.query_one(Input).focus()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        self.close_if_taken(True, lambda: self._accept(event.value))
