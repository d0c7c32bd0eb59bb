"""One setting in a form: its name, a field for its value, its unit, and what is wrong with it."""

from __future__ import annotations

from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Select, Static

from minigpt_tui.settings import Setting, parse_setting
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.form_fields import ChoiceField, TextField

_NO_REAL_MAXIMUM = 1e9
DIFFERS, WRONG = "•", "✗"

# Each is a single repetition of a class of characters, so that matching takes linear time.
# What a terminal obeys, and what turns text around, cannot be typed or pasted.
_RESTRICT: dict[type, str] = {
    int: r"[0-9_]*",
    float: r"[0-9.eE+-]*",
    str: "[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*",
    tuple: "[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*",
}
_MAX_LENGTH: dict[type, int] = {int: 20, float: 20, str: 1_000, tuple: 8_000}


class SettingRow(Vertical):
    """A row of the form, made from what `settings()` says of the setting.

    Posts `Edited` when the text of the field changes. `value` parses it, and `show_problem` puts
    a sentence under the field.
    """

    DEFAULT_CSS = """
    SettingRow {
        height: auto;
        & > Horizontal { height: 1; }
        .label { width: 20; }
        .unit { width: 12; padding-left: 1; color: $foreground 60%; }
        .problem { display: none; padding-left: 2; color: $error; }
        &.-wrong .problem { display: block; }
        &.-wrong TextField { background-tint: $error 25%; }
    }
    """

    class Edited(Message):
        """The person changed the field of a setting."""

        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

    def __init__(self, setting: Setting, value: Any) -> None:
        super().__init__(id=f"setting-{setting.name}")
        self.setting = setting
        self.differs = False
        self.problem: str | None = None
        self._true_text = as_text(value)
        self._shown_text = visible(self._true_text)

    def compose(self) -> ComposeResult:
        setting = self.setting
        with Horizontal():
            yield Static(self._label(), classes="label")
            if setting.choices:
                yield ChoiceField(setting.choices, self._true_text)
            else:
                yield TextField(
                    self._shown_text,
                    placeholder="empty" if setting.optional else "",
                    restrict=_RESTRICT[setting.kind],
                    max_length=_MAX_LENGTH[setting.kind],
                    select_on_focus=False,
                    compact=True,
                )
            if setting.unit:
                yield Static(setting.unit, classes="unit", markup=False)
        yield Static("", classes="problem", markup=False)

    @property
    def field(self) -> TextField | ChoiceField:
        if self.setting.choices:
            return self.query_one(ChoiceField)
        return self.query_one(TextField)

    @property
    def value(self) -> Any:
        """What the field says. Raises ValueError with a sentence when it is no legal value."""
        return parse_setting(self.setting.name, self._true_text)

    def set_value(self, value: Any) -> None:
        """Shows a value that comes from elsewhere: a preset, another pane."""
        self._true_text = as_text(value)
        self._shown_text = visible(self._true_text)
        self.field.value = self._shown_text

    def show_problem(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self.set_class(problem is not None, "-wrong")
            self.query_one(".problem", Static).update(Content(problem or ""))
            self._relabel()

    def mark(self, differs: bool) -> None:
        """Marks the row when its value differs from the preset's."""
        if differs != self.differs:
            self.differs = differs
            self._relabel()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._take(event.value)

    def on_select_changed(self, event: Select.Changed) -> None:
        event.stop()
        assert isinstance(event.value, str)
        self._take(event.value)

    def _take(self, text: str) -> None:
        # A text that had to be made visible stands for the true one until somebody edits it.
        if text != self._shown_text:
            self._true_text = self._shown_text = text
            self.post_message(self.Edited(self.setting.name))

    def _relabel(self) -> None:
        self.query_one(".label", Static).update(self._label())

    def _label(self) -> Content:
        mark, style = (
            (WRONG, "bold $error")
            if self.problem
            else (DIFFERS, "bold $accent")
            if self.differs
            else (" ", "")
        )
        return Content.assemble((mark, style), f" {self.setting.name}")


def as_text(value: Any) -> str:
    """A value as a person would type it: nothing for None, names with commas between."""
    if value is None:
        return ""
    return ", ".join(value) if isinstance(value, tuple) else str(value)


def in_words(value: Any) -> str:
    """A value as the help names it; safe to show."""
    return visible(as_text(value)) or "empty"


def bounds_in_words(setting: Setting) -> str:
    """`1 to 1,024`; a maximum that is there only to keep numbers sane is left out."""
    assert setting.minimum is not None
    assert setting.maximum is not None
    above = "above " if setting.above_minimum else ""
    if setting.maximum >= _NO_REAL_MAXIMUM:
        return f"{above or 'at least '}{setting.minimum:,g}"
    return f"{above}{setting.minimum:,g} to {setting.maximum:,.12g}"
