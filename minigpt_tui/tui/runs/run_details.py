"""The page about the selected run, beside the list or below it."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_names import key_words
from minigpt_tui.tui.keys.key_prose import keymap_of
from minigpt_tui.tui.keys.keymap import Keymap
from minigpt_tui.tui.runs.run_page import Details, page
from minigpt_tui.tui.widgets.repaint import entitle, put

KEYS = {
    "mark_run": "mark",
    "train_on_run": "train on",
    "edit_notes": "notes",
    "verify_run": "verify",
    "export_run": "export",
    "rename_run": "rename",
    "pin_run": "pin",
}
"""Too many for the footer of a narrow screen; the last go first where these do not fit either."""


class RunDetails(VerticalScroll):
    """A page that scrolls."""

    DEFAULT_CSS = """
    RunDetails { scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    RunDetails Static { height: auto; }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._details: Details | None = None

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)

    def show(self, details: Details | None) -> None:
        """Shows a run; another one from its beginning."""
        before, self._details = self._details, details
        if details is None or before is None or before.summary.run != details.summary.run:
            self.scroll_home(animate=False)
        self._draw()

    def on_resize(self) -> None:
        self._draw()

    def _draw(self) -> None:
        details = self._details
        name = visible(details.summary.run.name) if details is not None else ""
        entitle(self, name)
        width = self.scrollable_content_region.width
        keymap = keymap_of(self)
        room = width - 1  # the frame takes more from its lower line than from the page
        keys = next(k for k in _ways_to_say_keys(keymap) if len(k) <= room or not k)
        entitle(self, subtitle=keys if details is not None else "")
        text = page(details, width, keymap) if details is not None else Content("")
        put(self.query_one(Static), text)


def _ways_to_say_keys(keymap: Keymap) -> Iterator[str]:
    """From the widest on: all with room between them, all, all but the last …"""
    keys = [f"{key_words(keymap.keys_of(f'runs.{name}'))} {word}" for name, word in KEYS.items()]
    yield "  ".join(keys)
    for count in range(len(keys), -1, -1):
        yield " ".join(keys[:count])
