"""The help page of a pane: its words, and every key that works in it. F1 opens and closes it."""

from __future__ import annotations

import textwrap
from itertools import takewhile
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widget import Widget
from textual.widgets import Static

from minigpt_tui.tui.actions import actions_of
from minigpt_tui.tui.keys.help_words import ABOUT
from minigpt_tui.tui.keys.key_names import key_words
from minigpt_tui.tui.keys.key_prose import with_keys
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.pane import Pane

Line = tuple[str, str]
"""A key and what it does."""
WIDTH = 68
"""Of a line in the page, which is as wide on every screen."""


class HelpScreen(ModalScreen[None]):
    DEFAULT_CSS = """
    HelpScreen { align: center middle; background: $background 60%; }
    HelpScreen > VerticalScroll {
        width: 76; max-width: 96%; height: auto; max-height: 92%; padding: 1 2;
        background: $surface; border: round $primary; border-title-color: $primary;
        border-subtitle-color: $foreground 60%;
    }
    HelpScreen Static { margin-bottom: 1; }
    HelpScreen .title { margin-bottom: 0; color: $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,q,f1", "app.pop_screen", "Close")]

    def __init__(self, pane: str, keymap: Keymap, focused: Widget | None = None) -> None:
        """`focused` is the part that was in use; its own keys are explained as well."""
        super().__init__()
        self.pane = pane
        self.keymap = keymap
        self.focused_part = focused

    def compose(self) -> ComposeResult:
        with VerticalScroll() as box:
            box.border_title = f"Help: {self.pane.capitalize()}"
            box.border_subtitle = "↑↓ scroll, esc closes"
            for paragraph in ABOUT[self.pane]:
                yield Static(with_keys(paragraph, self.keymap), markup=False)
            for title, lines in self._tables():
                yield Static(Content.styled(title, "bold"), classes="title")
                yield Static(_table(lines))

    def on_mount(self) -> None:
        self.query_one(VerticalScroll).focus()

    def _tables(self) -> list[tuple[str, list[Line]]]:
        """The keys of the pane, of the part in focus and of the whole workbench."""
        part = _keys_of_part(self.focused_part)
        everywhere = [*self._keys_of("app"), ("^p", "Every command by its name.")]
        return [
            ("Keys in this pane", self._keys_of(self.pane)),
            *([("Keys of the part in focus", part)] if part else []),
            ("Keys everywhere", everywhere),
        ]

    def _keys_of(self, scope: str) -> list[Line]:
        lines = []
        for action in actions_of(scope):
            now, usual = key_words(self.keymap.keys_of(action.name)), key_words(action.keys)
            instead = f" (instead of {usual})" if now != usual else ""
            lines.append((now, f"{action.title}: {action.help}{instead}"))
        return lines


def _keys_of_part(focused: Widget | None) -> list[Line]:
    """The keys that the focused widget and what it lies in say themselves, each thing once."""
    if focused is None:
        return []
    parts = set(takewhile(lambda node: not isinstance(node, Pane), focused.ancestors_with_self))
    keys: dict[str, list[str]] = {}
    for node, binding, enabled, tooltip in focused.screen.active_bindings.values():
        named = binding.show or (binding.id is not None and "." in binding.id)
        if node in parts and enabled and named and binding.description:
            shown = focused.app.get_key_display(binding)
            known = keys.setdefault(tooltip or binding.description, [])
            if shown not in " ".join(known):
                known.append(shown)
    return [(" ".join(known), words) for words, known in keys.items()]


def _table(lines: list[Line]) -> Content:
    """Keys to the left, words to the right; long words go on below themselves."""
    width = max(len(key) for key, _ in lines)
    room = WIDTH - width - 2
    rows = []
    for key, words in lines:
        first, *rest = textwrap.wrap(words, room) or [""]
        rows.append(Content.assemble((f"{key:>{width}}", "bold $primary"), f"  {first}"))
        rows += [Content(" " * (width + 2) + more) for more in rest]
    return Content("\n").join(rows)
