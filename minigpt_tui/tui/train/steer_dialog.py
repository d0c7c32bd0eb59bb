"""The dialog that steers a training: another learning rate, more epochs, more minutes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from minigpt_tui.settings import parse_setting
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.dialog import Dialog

Changes = Mapping[str, int | float]
"""Settings of a run that goes on, as in `training.extension.Extension`: lr, epochs, minutes."""

FIELDS = {
    "lr": ("Peak learning rate", "from here on"),
    "epochs": ("Epochs", "in all"),
    "minutes": ("Minutes", "more from here"),
}


@dataclass(frozen=True)
class Standing:
    """Where the run is, for the dialog's hints."""

    title: str
    lr: float | None
    """Of the newest step; None before the first."""
    epochs: int
    epochs_done: int


class SteerDialog(Dialog[bool]):
    """Asks what is to change. `accept` takes it, or raises ValueError, whose sentence is shown."""

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,f10", "dismiss(False)", "Leave it", priority=True),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(self, standing: Standing, accept: Callable[[Changes], None]) -> None:
        super().__init__()
        self._standing = standing
        self._accept = accept

    def compose(self) -> ComposeResult:
        standing = self._standing
        now = {
            "lr": "no step yet" if standing.lr is None else f"now {standing.lr:.3g}",
            "epochs": f"{standing.epochs_done} of {standing.epochs} done",
            "minutes": "none",
        }
        with Vertical() as box:
            box.border_title = Content(f"Steer {visible(standing.title)}")
            box.border_subtitle = "enter does it, esc leaves it"
            for name, (title, meaning) in FIELDS.items():
                with Horizontal():
                    yield Label(title)
                    yield Input(placeholder=now[name], max_length=20, compact=True, id=name)
                    yield Label(meaning, classes="dim")
            yield Static(
                "What is left empty stays. Beyond its end the run gets a schedule of its own; "
                "before it, what is left of the schedule is spread anew. Each change is marked "
                "on the curve and repeated exactly by a resume.",
                classes="dim",
                markup=False,
            )
            yield Static("", classes="error", markup=False)

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        self.close_if_taken(True, lambda: self._accept(self._changes()))

    def _changes(self) -> Changes:
        """What was typed; ValueError for what is no such number, or if nothing was."""
        typed = {name: self.query_one(f"#{name}", Input).value.strip() for name in FIELDS}
        changes = {name: parse_setting(name, text) for name, text in typed.items() if text}
        if not changes:
            raise ValueError("Nothing is to change: type a number, or esc.")
        return changes
