"""Activation patching: what of one prompt carries its answer into another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.content import Content

from minigpt_tui.tui.inspect.heat import Floats
from minigpt_tui.tui.inspect.inspecting import Asked, Watch, Work, notes_on
from minigpt_tui.tui.inspect.number_grid import number_grid
from minigpt_tui.tui.inspect.token_label import quoted, token_label
from minigpt_tui.tui.inspect.view import InspectView, clamp

if TYPE_CHECKING:
    from minigpt_tui.analysis.patching import Patching


@dataclass(frozen=True, eq=False)
class Patched:
    """Two prompts of T tokens, and how much of the second one's answer each patch brings."""

    tokens: tuple[str, ...]
    source: tuple[str, ...]
    found: Patching
    texts: dict[int, str]
    notes: str


class PatchingView(InspectView):
    """Arrows choose a layer and a position."""

    title = "Patching"
    explanation = (
        "The first prompt is run, with one activation taken from the second. +1.00: that place "
        "alone brings the second prompt's answer; 0: it does not matter. Read along a row to see "
        "at which token the difference sits before that layer, and downwards to see it move to the "
        "end, where the answer is given. Exchange a word for one of as many tokens."
    )
    keys = "arrows: layer and position"
    uses_source = True

    def __init__(self) -> None:
        super().__init__()
        self._patched: Patched | None = None
        self.row = self.at = 0

    def work(self) -> Work:
        return _patched

    def has_answer(self) -> bool:
        return self._patched is not None

    def show(self, result: object) -> None:
        assert isinstance(result, Patched)
        if self._patched is None or len(self._patched.tokens) != len(result.tokens):
            self.at = len(result.tokens) - 1
        self._patched = result
        self.post_message(self.Noted(result.notes))

    def move(self, right: int, down: int) -> None:
        assert self._patched is not None
        self.at = clamp(self.at + right, len(self._patched.tokens))
        self.row = clamp(self.row + down, len(self._patched.found.stream))

    def lines(self, width: int, height: int) -> Sequence[Content]:
        patched = self._patched
        assert patched is not None
        found = patched.found
        heading = Content.assemble("Logit of ", quoted(patched.texts[found.token], 10))
        if found.minus is not None:
            heading = Content.assemble(
                heading, " less that of ", quoted(patched.texts[found.minus], 10)
            )
        heading = Content.assemble(
            heading, f": {found.target:+.2f} here, {found.source:+.2f} after the second prompt"
        )
        rows = [f"L{layer}" for layer in range(len(found.stream))]
        columns = [self._column(t) for t in range(len(patched.tokens))]
        each = min(len(rows) + 1, max(2, (height - 3) // 2))
        grid = number_grid(
            rows, columns, self._share(found.stream), (self.row, self.at), width, each, 2, 7
        )
        heads = [f"H{head}" for head in range(found.heads.shape[1])]
        of_heads = number_grid(
            rows, heads, self._share(found.heads), (self.row, -1), width, each, 2, 7
        )
        lines = [
            heading.stylize("bold"),
            Content("The stream before a layer, one position patched:").stylize("$foreground 80%"),
            *grid,
            Content("One head patched, at all positions:").stylize("$foreground 80%"),
            *of_heads,
        ]
        return [line.truncate(width, ellipsis=True) for line in lines]

    def _share(self, values: Floats) -> Floats:
        """0 where the patch changes nothing, 1 where it brings all of the source's answer."""
        assert self._patched is not None
        found = self._patched.found
        distance = found.source - found.target
        share: Floats = (values - found.target) / (distance or 1.0)
        return share

    def _column(self, t: int) -> Content:
        """The token at a position, and where the prompts differ, what takes its place."""
        patched = self._patched
        assert patched is not None
        own, other = patched.tokens[t], patched.source[t]
        if own == other:
            return token_label(own, min(6, max(1, len(own))))
        return Content.assemble(
            token_label(own, min(2, len(own))), "→", token_label(other, min(2, len(other)))
        ).stylize("bold $accent")


def _patched(asked: Asked, watch: Watch) -> Iterator[Patched]:
    """In the thread."""
    from minigpt_tui.analysis.patching import patching
    from minigpt_tui.analysis.window import context_window

    service = asked.model.service
    window, source = (context_window(service, text) for text in (asked.prompt, asked.source))
    if window.ids == source.ids:
        raise ValueError(
            "Both prompts are the same for the model. Change a letter or a word of the second one "
            "(Tab goes there), so that it has as many tokens and another answer."
        )
    watch.say("patching…")
    found = patching(service.model, window.ids, source.ids, should_stop=watch.should_stop)
    answers = (found.token, found.minus)
    texts = {i: service.tokenizer.token_text(i) for i in answers if i is not None}
    yield Patched(window.tokens, source.tokens, found, texts, notes_on(window))
