"""The line under the prompt: what the model does not see of it, else what the keys do here."""

from __future__ import annotations

from textual.widget import Widget
from textual.widgets import Static

from minigpt_tui.tui.keys.key_prose import keys_in
from minigpt_tui.tui.predict.sampler_line import SamplerLine
from minigpt_tui.tui.predict.token_text import TokenText
from minigpt_tui.tui.widgets.bars import ChoiceBars
from minigpt_tui.tui.widgets.repaint import put

PROMPT = "→ at the end takes the most probable token, ↓ chooses one. Enter writes on."
BARS = "↑↓ choose a token, Enter takes it, esc goes back to the prompt."
TEXT = (
    "←→↑↓ go, ‹predict.generate› writes from here, ‹predict.next_measure› colours, "
    "‹predict.undo› undoes, ‹predict.branches› branches."
)
COMPARING = "The same text and place, by two models. Move in the text; ‹predict.compare› ends this."
DIAL = "{help}  ↑↓ turn ←→ next ‹predict.samplers› preset"


class HintLine(Static):
    """Notes go before hints. While the sampler has the focus, its dial is explained."""

    def show(self, notes: str, focused: Widget | None, *, comparing: bool) -> None:
        if isinstance(focused, SamplerLine):
            return
        put(self, notes or keys_in(self, _hint(focused, comparing)))
        self.set_classes("warning" if notes else "dim")

    def explain_dial(self, help: str) -> None:
        put(self, keys_in(self, DIAL.format(help=help)))
        self.set_classes("dim")


def _hint(focused: Widget | None, comparing: bool) -> str:
    if comparing:
        return COMPARING
    if isinstance(focused, ChoiceBars):
        return BARS
    if isinstance(focused, TokenText):
        return TEXT
    return PROMPT
