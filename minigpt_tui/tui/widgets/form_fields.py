"""The fields of the form: for a text, for a choice, for the search; the arrows go between them."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Input, Select


class TextField(Input):
    """The value of a setting as text; enter goes on to the next field."""

    DEFAULT_CSS = """
    TextField {
        width: 1fr;
        background-tint: $foreground 7%;
        &.-textual-compact { padding: 0 1; }
        &:focus { background-tint: $primary 30%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "app.focus_next", "Next", show=False)]


class ChoiceField(Select[str], inherit_bindings=False):
    """The value of a setting that is one of a few; arrows up and down stay free for the form."""

    DEFAULT_CSS = """
    ChoiceField {
        width: 1fr;
        & > SelectCurrent { background: $surface; background-tint: $foreground 7%; }
        &.-textual-compact > SelectCurrent { padding: 0 1; }
        &:focus > SelectCurrent { background-tint: $primary 30%; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "show_overlay", "Choose", show=False),
        Binding("left", "step(-1)", "Previous choice", show=False),
        Binding("right", "step(1)", "Next choice", show=False),
    ]

    def __init__(self, choices: tuple[str, ...], value: str, id: str | None = None) -> None:
        super().__init__(
            [(choice, choice) for choice in choices],
            value=value,
            allow_blank=False,
            compact=True,
            id=id,
        )
        self.choices = choices

    def action_step(self, direction: int) -> None:
        assert isinstance(self.value, str)
        place = self.choices.index(self.value) + direction
        self.value = self.choices[min(max(place, 0), len(self.choices) - 1)]


class Fields(VerticalScroll, can_focus=False, inherit_bindings=False):
    """The scrolling part of the form; the arrows go from field to field."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "go(-1)", "Previous setting", show=False),
        Binding("down", "go(1)", "Next setting", show=False),
        Binding("pageup", "page_up", "Up", show=False),
        Binding("pagedown", "page_down", "Down", show=False),
    ]

    def action_go(self, direction: int) -> None:
        stops = "Fields SearchField, Fields TextField, Fields ChoiceField, Fields CollapsibleTitle"
        if direction > 0:
            self.screen.focus_next(stops)
        else:
            self.screen.focus_previous(stops)


class SearchField(Input):
    """Narrows the settings; enter and the arrows go to those that are left, esc shows all."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "end_search", "All settings", show=False),
        Binding("enter", "app.focus_next", "Next", show=False),
    ]

    class Ended(Message):
        """All settings are wanted again."""

    def action_end_search(self) -> None:
        self.post_message(self.Ended())
