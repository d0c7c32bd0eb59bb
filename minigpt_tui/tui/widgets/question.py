"""Asks whether something is to be done that cannot be undone."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from minigpt_tui.tui.widgets.dialog import Dialog


class Question(Dialog[bool]):
    """Answers True only for the button that does it."""

    DEFAULT_CSS = """
    Question > Vertical { width: 64; max-width: 95%; }
    Question Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    Question Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "No"),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, title: str, question: str, doing: str) -> None:
        super().__init__()
        self._title = title
        self._question = question
        self._doing = doing

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = Content(self._title)
            yield Static(self._question, markup=False)
            with Horizontal():
                yield Button("No (esc)", id="no")
                yield Button(self._doing, id="yes", variant="error")

    def on_mount(self) -> None:
        self.query_one("#no", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")
