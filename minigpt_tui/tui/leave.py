"""The question when somebody leaves while a training runs."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Button, Static


class LeaveDialog(ModalScreen[bool]):
    """Answers True for "save and stop", False for "stay"."""

    DEFAULT_CSS = """
    LeaveDialog { align: center middle; background: $background 60%; }
    LeaveDialog > Vertical {
        width: 60; max-width: 95%; height: auto; padding: 1 2;
        background: $surface; border: round $primary;
        border-title-color: $primary;
    }
    LeaveDialog Horizontal { height: auto; margin-top: 1; align-horizontal: right; }
    LeaveDialog Button { margin-left: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer(True)", "Save and stop"),
        Binding("escape,c", "answer(False)", "Stay"),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def compose(self) -> ComposeResult:
        with Vertical() as box:
            box.border_title = "A training is running"
            yield Static(
                "Save and stop writes a checkpoint after the step in hand; "
                "the run can be resumed later from exactly there.",
                markup=False,
            )
            with Horizontal():
                yield Button("Stay (esc)", id="stay")
                yield Button("Save and stop (s)", id="stop", variant="primary")

    def on_mount(self) -> None:
        self.query_one("#stay", Button).focus()

    def on_button_pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "stop")

    def action_answer(self, stop: bool) -> None:
        self.dismiss(stop)
