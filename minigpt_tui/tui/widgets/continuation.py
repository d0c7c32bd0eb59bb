"""The box with the text that the model writes: the prompt dim, what is new bright."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.samplers import Sampler
from minigpt_tui.tui.writing import Writing

PROMPT_SHOWN = 400
"""Of a longer prompt only the end is repeated before the new text."""


class Continuation(VerticalScroll):
    """Scrolls with the text as it grows, unless somebody has scrolled back."""

    DEFAULT_CSS = "Continuation Static { padding-right: 1; }"

    def compose(self) -> ComposeResult:
        yield Static("", markup=False)

    def show_sampler(self, sampler: Sampler, *, idle: bool) -> None:
        """Names how tokens are picked; an idle box also says how to begin."""
        self.border_title = Content(f"Write on with: {sampler.name}")
        if idle:
            self.border_subtitle = ""
            hint = f"F7 lets the model write on from the prompt. F8 changes how. {sampler.help}"
            self.query_one(Static).update(Content.styled(hint, "$foreground 60%"))

    def show_writing(self, writing: Writing) -> None:
        follows = self.is_vertical_scroll_end
        self.query_one(Static).update(_content(writing))
        self.border_subtitle = Content(_figures(writing))
        if follows:
            self.scroll_end(animate=False)


def _content(writing: Writing) -> Content:
    cut = len(writing.prompt) > PROMPT_SHOWN
    prompt = ("…" if cut else "") + writing.prompt[-PROMPT_SHOWN:]
    ending = writing.ending
    return Content.assemble(
        (visible(prompt, keep_newlines=True), "$foreground 55%"),
        (visible(writing.text, keep_newlines=True), "$foreground"),
        ("" if ending else "▌", "$primary"),
        (f"  ■ {visible(ending)}" if ending else "", "italic $foreground 55%"),
    )


def _figures(writing: Writing) -> str:
    count = len(writing.pieces)
    speed = f"{count / writing.seconds:.0f} tokens/s" if writing.seconds else "starting"
    seed = f" · seed {writing.seed}" if writing.sampler.random else ""
    return f"{writing.sampler.name}{seed} · {count} tokens · {speed}"
