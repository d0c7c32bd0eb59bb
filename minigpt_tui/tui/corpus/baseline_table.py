"""What simple models reach on a text: the losses that a trained one has to beat."""

from __future__ import annotations

import math

from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from minigpt_tui.runs.info import BaselineLosses

_MEANINGS = {
    "uniform": "every token equally likely",
    "unigram": "by how frequent a token is",
    "bigram": "by the token before it",
    "trigram": "by the two tokens before it",
    "5-gram": "by the four tokens before it",
    "zlib": "what the compressor of zip files needs",
    "lzma": "what the compressor of .xz files needs",
}
_EXPLANATION = (
    "A model whose validation loss is below the unigram's has learned more than which tokens are "
    "frequent. The best of the n-grams is what counting alone achieves: a trained model should "
    "get below it."
)
_WIDE = 62


class BaselineTable(Static):
    """The table, or the words that stand for it while there is none."""

    DEFAULT_CSS = "BaselineTable { width: 1fr; height: auto; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._losses: BaselineLosses | None = None
        self._words = ""

    def show_losses(self, losses: BaselineLosses) -> None:
        self._losses = losses
        self._draw()

    def show_words(self, words: str) -> None:
        self._losses, self._words = None, words
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._losses is None:
            self.update(Content.styled(self._words, "$foreground 80%"))
        else:
            roomy = self.screen.has_class("-wide") and self.screen.has_class("-tall")
            self.update(table(self._losses, self.size.width, explained=roomy))


def table(losses: BaselineLosses, width: int, *, explained: bool) -> Content:
    """Name, loss in nats a token and perplexity, and what the model knows where there is room."""
    beside = width >= _WIDE
    lines = [
        Content.styled(f"{'model':<9}{'loss':>7}{'perplexity':>12}", "$foreground 60%"),
    ]
    for line in losses.lines():
        perplexity = f"{math.exp(line.nats):,.4g}" if line.nats < 50 else "–"
        figures = Content.assemble(
            f"{line.name:<9}", (f"{line.nats:>7.3f}", "bold"), f"{perplexity:>12}"
        )
        meaning = f"{_MEANINGS[line.name]} {line.part}".rstrip()
        if beside:
            figures = Content.assemble(figures, "  ", (meaning, "$foreground 60%"))
        lines.append(figures)
    if explained:
        if not beside:
            lines.append(Content(""))
            lines += [
                Content.styled(f"{line.name}: {_MEANINGS[line.name]}", "$foreground 60%")
                for line in losses.lines()
            ]
        lines += [Content(""), Content.styled(_EXPLANATION, "$foreground 60%")]
    return Content("\n").join(lines)
