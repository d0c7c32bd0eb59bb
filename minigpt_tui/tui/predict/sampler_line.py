"""One line that says how the next token is picked; with the focus, every stage and its value.

Arrows choose a value and turn it. Whoever listens shows at once what that does to the bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from minigpt_tui.tui.predict.samplers import DIALS, OFF, Dial, Sampler, preset_after
from minigpt_tui.tui.widgets.prompt import prompt_text, shown_prompt

LABEL = "Sampler  "


class SamplerLine(Widget, can_focus=True):
    """Holds the sampler. A click on a value chooses it, as the arrows do."""

    DEFAULT_CSS = """
    SamplerLine { height: 1; padding: 0 2; }
    SamplerLine:hover, SamplerLine:focus { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "choose(-1)", "Setting left", show=False),
        Binding("right", "choose(1)", "Setting right", show=False),
        Binding("up,plus", "turn(1)", "More", show=False),
        Binding("down,minus", "turn(-1)", "Less", show=False),
        Binding("backspace,delete", "reset", "Off", show=False),
        Binding("enter", "type", "Type it", show=False),
    ]

    @dataclass
    class Changed(Message):
        """Another way to pick tokens."""

        sampler: Sampler

    @dataclass
    class Explained(Message):
        """What the chosen setting does."""

        sentence: str

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # id and classes
        self.sampler = Sampler()
        self.chosen = 0

    @property
    def dial(self) -> Dial:
        return DIALS[self.chosen]

    def show(self, sampler: Sampler) -> None:
        self.sampler = sampler
        self.refresh()

    def render(self) -> Content:
        if self.has_focus:
            return dials_in(self.sampler, self.chosen, self.size.width)
        return summary(self.sampler, self.size.width)

    # Keys

    def action_choose(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(DIALS)
        self._explain()
        self.refresh()

    def action_turn(self, by: int) -> None:
        self.change(self.dial.turned(self.sampler, by))

    def action_reset(self) -> None:
        """Back to the value that changes nothing."""
        self.change(self.dial.set(self.sampler, self.dial.neutral))

    def action_preset(self) -> None:
        self.change(preset_after(self.sampler))

    def action_type(self) -> None:
        if self.dial.setting == "stop":
            self._type_stop()

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None:
            return
        for index, (start, end) in enumerate(_places(self.sampler)):
            if start <= offset.x < end:
                self.chosen = index
        self._explain()
        self.refresh()

    def on_focus(self) -> None:
        self._explain()
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def change(self, sampler: Sampler) -> None:
        """Another sampler, and a message about it."""
        if sampler != self.sampler:
            self.show(sampler)
            self.post_message(self.Changed(sampler))

    def _type_stop(self) -> None:
        from minigpt_tui.tui.widgets.line_dialog import LineDialog

        def accept(typed: str) -> None:
            stop = prompt_text(typed).replace("\\n", "\n")
            self.change(replace(self.sampler, stop=stop))

        title = "The text ends before (| between several, \\n is a new line)"
        self.app.push_screen(LineDialog(title, shown_prompt(self.sampler.stop), accept))

    def _explain(self) -> None:
        self.post_message(self.Explained(self.dial.help))


def summary(sampler: Sampler, width: int) -> Content:
    """What the sampler does, in few words."""
    parts = [sampler.name]
    if sampler.name.count(",") and sampler.order != "llama.cpp":
        parts.append(f"order {sampler.order}")
    if sampler.random:
        parts.append(f"seed {sampler.seed}")
    parts.append(f"{sampler.length} tokens")
    if sampler.stop:
        parts.append(f"stop {DIALS[-1].shown(sampler)}")
    line = Content.assemble((LABEL, "$primary"), (" · ".join(parts), "$foreground 75%"))
    return line.truncate(width, ellipsis=True)


def dials_in(sampler: Sampler, chosen: int, width: int) -> Content:
    """Every setting and its value; of a line that is too long, the part with the chosen one."""
    line = Content("")
    for index, dial in enumerate(DIALS):
        shown = dial.shown(sampler)
        active = shown != OFF and dial.value(sampler) != dial.neutral
        title = (f" {dial.title} ", "$foreground 60%")
        value = (f"{shown} ", "bold $primary" if active else "$foreground 60%")
        cell = Content.assemble(title, value)
        line += cell.stylize("reverse") if index == chosen else cell
    start, end = _places(sampler)[chosen]
    left = 0 if end <= width - 1 else min(end - width + 1, start)
    shown_part = line[left : left + width]
    if left:
        shown_part = Content.styled("…", "$foreground 60%") + shown_part[1:]
    if line.cell_length > left + width:
        shown_part = shown_part[: width - 1] + Content.styled("…", "$foreground 60%")
    return shown_part


def _places(sampler: Sampler) -> Sequence[tuple[int, int]]:
    """(start, end) of each setting on the whole line, in cells."""
    places, at = [], 0
    for dial in DIALS:
        end = at + Content(f" {dial.title} {dial.shown(sampler)} ").cell_length
        places.append((at, end))
        at = end
    return places
