"""The names of the views on one line; a click opens one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widgets import Static


class InspectTabs(Horizontal):
    """The current name stands in brackets, so that it needs no colour to be seen."""

    SCOPED_CSS = False  # the rule for narrow screens begins at the screen
    DEFAULT_CSS = """
    InspectTabs { height: 1; padding: 0 1; }
    InspectTabs ViewName { width: auto; color: $foreground 65%; margin-right: 1; }
    InspectTabs ViewName.-current { color: $foreground; text-style: bold; background: $panel; }
    InspectTabs ViewName:hover { color: $foreground; }
    .-narrow InspectTabs ViewName { margin-right: 0; }
    """

    @dataclass
    class Chosen(Message):
        name: str

    def __init__(self, titles: Mapping[str, str]) -> None:
        super().__init__()
        self._titles = titles

    def compose(self) -> ComposeResult:
        for name, title in self._titles.items():
            yield ViewName(name, title)

    def show(self, current: str) -> None:
        for tab in self.query(ViewName):
            tab.show(tab.view_name == current)


class ViewName(Static):
    def __init__(self, view_name: str, title: str) -> None:
        super().__init__(Content(f" {title} "), markup=False)
        self.view_name = view_name
        self._title = title

    def show(self, current: bool) -> None:
        self.set_class(current, "-current")
        self.update(Content(f"[{self._title}]" if current else f" {self._title} "))

    def on_click(self, event: Click) -> None:
        event.stop()
        self.post_message(InspectTabs.Chosen(self.view_name))
