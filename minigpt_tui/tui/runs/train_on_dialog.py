"""Asks on which text, how long and how fast a new run trains on from the weights of another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Input, Label, Static

from minigpt_tui.config import RunConfig
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.dialog import Dialog
from minigpt_tui.tui.widgets.setting_row import in_words

FIELDS = {
    "corpus": ("Text", 4096),
    "epochs": ("Epochs", 20),
    "lr": ("Peak learning rate", 20),
}
"""The title of each, and how many characters fit in."""
ABOUT = (
    "The new run begins with the best weights of this one, and has its shape and vocabulary. A "
    "text is a path or a name in the library. What is left empty stays as it was."
)


class TrainOnDialog(Dialog[bool]):
    """`accept` takes what was typed, or raises ValueError, whose sentence is shown."""

    DEFAULT_CSS = """
    TrainOnDialog > Vertical { width: 68; }
    TrainOnDialog Horizontal { height: 1; margin-bottom: 1; }
    TrainOnDialog Horizontal Label { width: 20; }
    TrainOnDialog Input { width: 1fr; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(False)", "Leave it", priority=True),
        Binding("down", "app.focus_next", show=False),
        Binding("up", "app.focus_previous", show=False),
    ]

    def __init__(
        self, run_name: str, config: RunConfig, accept: Callable[[Mapping[str, str]], None]
    ) -> None:
        """`config` is that of the run whose weights are taken."""
        super().__init__()
        self._run_name = run_name
        self._config = config
        self._accept = accept

    def compose(self) -> ComposeResult:
        config = self._config
        now = {
            "corpus": visible(", ".join(config.data.corpus)),
            "epochs": _length(config),
            "lr": in_words(config.training.lr),
        }
        with Vertical() as box:
            box.border_title = Content(f"Train on from {visible(self._run_name)}")
            box.border_subtitle = "enter begins, esc leaves it"
            for name, (title, room) in FIELDS.items():
                with Horizontal():
                    yield Label(title)
                    yield Input(placeholder=now[name], max_length=room, compact=True, id=name)
            yield Static(ABOUT, classes="dim", markup=False)
            yield Static("", classes="error", markup=False)

    def on_mount(self) -> None:
        self.query(Input).first().focus()

    @on(Input.Submitted)
    def _take(self, event: Input.Submitted) -> None:
        event.stop()
        typed = {name: self.query_one(f"#{name}", Input).value for name in FIELDS}
        self.close_if_taken(True, lambda: self._accept(typed))


def _length(config: RunConfig) -> str:
    """How long the run was to be: of the three ways to say it, the one that counted."""
    training = config.training
    if training.minutes is not None:
        return f"{training.minutes:g} minutes"
    return f"{training.steps:,} steps" if training.steps is not None else in_words(training.epochs)
