"""The box that explains the setting in focus: what it does, its bounds, and how others have it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from minigpt_tui.settings import Setting
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.repaint import entitle, put
from minigpt_tui.tui.widgets.setting_row import bounds_in_words, in_words

PRESET_HELP = (
    "A complete set of settings to begin with. tiny trains in seconds, quick gives a first "
    "impression, standard is the classic small GPT; scale-up and production want hours."
)


class SettingHelp(VerticalScroll, can_focus=False):
    """Begins with the words about the preset."""

    def __init__(self) -> None:
        super().__init__(classes="box", id="help")
        self.border_title = "preset"

    def compose(self) -> ComposeResult:
        yield Static(Content(PRESET_HELP))

    def explain_preset(self) -> None:
        self._show("preset", Content(PRESET_HELP))

    def explain(self, this: Setting, other: tuple[str, object] | None) -> None:
        """`other` is the value that a preset or run has instead, with its name before it."""
        facts = [bounds_in_words(this)] if this.maximum is not None else []
        if this.choices:
            facts.append(" · ".join(this.choices))
        facts.append(f"default {in_words(this.default)}")
        lines: list[Content] = [Content(this.help), Content.styled("; ".join(facts), "dim")]
        if other is not None:
            name, value = other
            has = f"{visible(name)} has {in_words(value)}."
            lines.append(Content.assemble(("• ", "bold $accent"), has))
        self._show(this.name, Content("\n").join(lines))

    def _show(self, title: str, text: Content) -> None:
        entitle(self, title)
        put(self.query_one(Static), text)
