"""Small dialogs about a run: a line of text, several lines, a question."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Button, Input, Static, TextArea

from minigpt_tui.text.safe import visible

_FRAME = """
    NAME { align: center middle; background: $background 60%; }
    NAME > Vertical {
        width: 64; max-width: 95%; height: auto; padding: 0 1;
        background: $surface; border: round $primary;
        border-title-color: $primary; border-subtitle-color: $foreground 60%;
    }
    NAME .error { height: auto; }
"""


class LineDialog(ModalScreen[bool]):
    """Asks for a line. `accept` takes it, or raises ValueError, whose sentence is shown."""

    DEFAULT_CSS = _FRAME.replace("NAME", "LineDialog")
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
        try:
            self._accept(event.value)
        except ValueError as error:
            self.query_one(Static).update(visible(str(error)))
        else:
            self.dismiss(True)


class NotesDialog(ModalScreen[bool]):
    """Asks for several lines. `accept` as in `LineDialog`."""

    DEFAULT_CSS = (
        _FRAME.replace("NAME", "NotesDialog")
        + "NotesDialog TextArea, NotesDialog TextArea:focus { height: 10; border: none; }"
    )
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
        try:
            self._accept(self.query_one(TextArea).text)
        except ValueError as error:
            self.query_one(Static).update(visible(str(error)))
        else:
            self.dismiss(True)


class Question(ModalScreen[bool]):
    """Answers True only for the button that does it."""

    DEFAULT_CSS = (
        _FRAME.replace("NAME", "Question")
        + """
    Question Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    Question Button { margin-left: 2; }
    """
    )
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
