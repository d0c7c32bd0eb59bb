"""Jump mode: a letter over each part that can have the focus; pressing it goes there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Key
from textual.geometry import Offset
from textual.screen import ModalScreen, Screen
from textual.widget import Widget
from textual.widgets import Static

LETTERS = "asdfghjklqwertyuiopzxcvbnm123456789"
"""The keys under the fingers first."""
LETTER_WIDTH = 3


def jump(app: App[None], keys: str) -> None:
    """Shows the letters, and gives the focus to what is chosen; `keys` put them away again."""

    def chosen(widget: Widget | None) -> None:
        if widget is not None:
            widget.focus()

    if len(app.screen_stack) == 1:
        app.push_screen(JumpScreen(jump_targets(app.screen), keys), chosen)


class JumpScreen(ModalScreen[Widget | None]):
    """Answers with the chosen widget, or None. The screen below stays visible as it is."""

    DEFAULT_CSS = """
    JumpScreen {
        background: transparent;
        & > .letter {
            position: absolute; width: 3; height: 1; text-align: center;
            background: $accent; color: $background; text-style: bold;
        }
        & > #jump-hint {
            dock: bottom; width: 1fr; height: 1; padding: 0 1;
            background: $accent; color: $background; text-style: bold;
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", show=False),
    ]

    def __init__(self, targets: Sequence[tuple[Widget, Offset]], keys: str) -> None:
        super().__init__()
        self._targets = dict(zip(LETTERS, targets, strict=False))
        self._keys = keys

    def compose(self) -> ComposeResult:
        for letter, (_, place) in self._targets.items():
            label = Static(Content(letter.upper()), classes="letter")
            label.styles.offset = (place.x, place.y)
            yield label
        yield Static("A letter goes there. Esc leaves.", id="jump-hint", markup=False)

    def on_key(self, event: Key) -> None:
        if event.key in self._targets:
            event.stop()
            self.dismiss(self._targets[event.key][0])
        elif event.key in self._keys.split(","):
            event.stop()
            self.dismiss(None)


def jump_targets(screen: Screen[object]) -> list[tuple[Widget, Offset]]:
    """What can have the focus and is seen, with its upper left corner, as one reads the screen."""
    found, narrow = [], []
    for widget in screen.focus_chain:
        region = screen.find_widget(widget).visible_region
        if not region.area:
            continue
        if region.width < LETTER_WIDTH:  # a divider: its letter lies across its middle
            narrow.append((widget, Offset(region.x - 1, region.y + region.height // 2)))
        else:
            # Before a field of one line, so that what stands in it can still be read.
            before = LETTER_WIDTH if region.height == 1 and region.x > LETTER_WIDTH else 0
            found.append((widget, Offset(region.x - before, region.y)))
    return [*sorted(found, key=_reading_order), *sorted(narrow, key=_reading_order)]


def _reading_order(target: tuple[Widget, Offset]) -> tuple[int, int]:
    return target[1].y, target[1].x
