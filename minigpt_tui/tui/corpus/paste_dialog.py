"""Takes a pasted text and a name for it: the beginning is shown, and how much there is."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Paste
from textual.widgets import Button, Input, Static

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.dialog import Dialog

_SHOWN_CHARACTERS = 1_200
_HOW = (
    "Paste it now, with your terminal's key for that: ctrl+shift+v, cmd+v, or a click of the "
    "middle button. Several pastes are joined."
)


class PasteDialog(Dialog[bool]):
    """`accept` takes name and text, or raises ValueError, whose sentence is shown.

    What is pasted anywhere in the dialog, but for a single line in the field of the name, is text.
    """

    DEFAULT_CSS = """
    PasteDialog > Vertical { width: 72; height: 18; }
    PasteDialog #pasted { height: 1fr; border: round $border; padding: 0 1;
                          border-subtitle-color: $foreground 60%; }
    PasteDialog .error { height: auto; max-height: 3; }
    PasteDialog Horizontal { height: 1; }
    PasteDialog #name-label { width: 6; }
    PasteDialog Input { width: 1fr; }
    PasteDialog #save { margin-left: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Leave it", priority=True),
        Binding("ctrl+s", "save", "Save", priority=True),
    ]

    def __init__(self, text: str, name: str, accept: Callable[[str, str], None]) -> None:
        super().__init__()
        self.text = text
        self._name_proposed = name
        self._accept = accept

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "A new text from the clipboard"
            box.border_subtitle = "^s saves, esc leaves it"
            yield Static(id="pasted", markup=False)
            yield Static("", classes="error", markup=False)
            with Horizontal():
                yield Static("Name", id="name-label", markup=False)
                yield NameInput(self._name_proposed, max_length=64, compact=True)
                yield Button("Save", id="save", variant="primary", compact=True)

    def on_mount(self) -> None:
        self._draw()
        self.query_one(Input).focus()

    def on_paste(self, event: Paste) -> None:
        event.stop()
        self.text += event.text.replace("\r\n", "\n").replace("\r", "\n")
        self._draw()

    @on(Input.Submitted)
    @on(Button.Pressed, "#save")
    def action_save(self) -> None:
        name = self.query_one(Input).value.strip()
        self.close_if_taken(True, lambda: self._accept(name, self.text))

    def _draw(self) -> None:
        box = self.query_one("#pasted", Static)
        if not self.text:
            box.update(Content.styled(_HOW, "$foreground 70%"))
            box.border_subtitle = ""
            return
        shown = visible(self.text[:_SHOWN_CHARACTERS].expandtabs(4), keep_newlines=True)
        box.update(Content(shown + ("…" if len(self.text) > _SHOWN_CHARACTERS else "")))
        lines = self.text.count("\n") + (not self.text.endswith("\n"))
        box.border_subtitle = Content(
            f"{len(self.text):,} characters, {lines:,} line{'' if lines == 1 else 's'}"
        )


class NameInput(Input):
    """The field of the name: a pasted line belongs into it once there is a text, or else lines
    that are a text would be lost in it."""

    def _on_paste(self, event: Paste) -> None:
        dialog = self.screen
        assert isinstance(dialog, PasteDialog)
        if dialog.text and len(event.text.splitlines()) == 1:
            super()._on_paste(event)
        else:
            dialog.on_paste(event)
            event.prevent_default()
