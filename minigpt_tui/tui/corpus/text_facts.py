"""What is known of the chosen text in numbers and words; what is being counted says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from minigpt_tui.config import RunConfig
from minigpt_tui.planning.advice import corpus_verdict
from minigpt_tui.planning.parameters import parameter_count
from minigpt_tui.planning.steps import steps_per_epoch
from minigpt_tui.tui.corpus.text_steps import TextFacts

if TYPE_CHECKING:
    from minigpt_tui.tui.corpus.text_measure import TextMeasure

LEVEL_NAMES = {"char": "characters", "word": "words", "bpe": "pieces of words (BPE)"}
_NARROWEST = 20
_PENDING, _STOPPED = "counting…", "not counted"

Line = tuple[str, str]


class TextFactsView(Static):
    """Two columns of numbers where there is little height, one explained column beside a text."""

    DEFAULT_CSS = "TextFactsView { width: 1fr; height: auto; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._config = RunConfig()
        self._text: TextFacts | None = None
        self._tokens: TextMeasure | None = None
        self._verdict = ""
        self._stopped = False

    def show_facts(
        self,
        config: RunConfig,
        text: TextFacts | None = None,
        tokens: TextMeasure | None = None,
        verdict: str = "",
        *,
        stopped: bool = False,
    ) -> None:
        """Shows what is known by now; None for what is not counted yet, or, `stopped`, at all."""
        self._config, self._text, self._tokens, self._verdict = config, text, tokens, verdict
        self._stopped = stopped
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        pending = _STOPPED if self._stopped else _PENDING
        text, tokens = text_lines(self._text, pending), token_lines(self._tokens, pending)
        wide = self.screen.has_class("-wide") and self.screen.has_class("-tall")
        drawn = self._one_column(text, tokens) if wide else self._two_columns(text, tokens)
        head, colon, rest = self._verdict.partition(":")
        words = Content.assemble((head + colon, "bold $accent"), rest)
        drawn += [Content(""), words] if wide else [words]
        self.update(Content("\n").join(drawn))

    def _two_columns(self, text: list[Line], tokens: list[Line]) -> list[Content]:
        width = max(_NARROWEST, (self.size.width - 3) // 2)
        return [
            Content.assemble(_line(*left, width), "   ", _line(*right, width))
            for left, right in zip(text, tokens, strict=True)
        ]

    def _one_column(self, text: list[Line], tokens: list[Line]) -> list[Content]:
        width = max(_NARROWEST, self.size.width)
        return [
            *(_line(*line, width) for line in text),
            Content(""),
            *(_line(*line, width) for line in tokens),
            Content(""),
            Content.styled(explanation(self._tokens, self._config), "$foreground 60%"),
        ]


def text_lines(facts: TextFacts | None, pending: str = _PENDING) -> list[Line]:
    """Name and figure of each count of a text; `pending` says why there are none yet."""
    several = "files" if facts is None or facts.documents == facts.files else "documents"
    names = ("bytes", "characters", "words", "lines", "distinct chars", several)
    if facts is None:
        return [(name, pending if name == "bytes" else "") for name in names]
    counts = [facts.bytes, facts.characters, facts.words, facts.lines]
    counts += [facts.distinct_characters, facts.documents]
    return [(name, f"{count:,}") for name, count in zip(names, counts, strict=True)]


def token_lines(facts: TextMeasure | None, pending: str = _PENDING) -> list[Line]:
    """Name and figure of each count of its tokens; ≈ and ≥ mark what was estimated."""
    names = ("tokens", "vocabulary", "training", "validation", "  unknown", "one epoch")
    if facts is None:
        return [(name, pending if name == "tokens" else "") for name in names]
    about = "≈ " if facts.estimated else ""
    least = "≥ " if facts.estimated and facts.level == "word" else ""
    unknown = f"{facts.unknown_tokens:,}"
    if facts.unknown_tokens:
        unknown = f"{facts.unknown_tokens:,} ({facts.unknown_share:.1%})"
    figures = (
        f"{about}{facts.tokens:,}",
        f"{least}{facts.vocab_size:,}",
        f"{about}{facts.train_tokens:,}",
        f"{about}{facts.val_tokens:,}",
        about + unknown,
        f"{about}{facts.targets:,}",
    )
    return list(zip(names, figures, strict=True))


def explanation(facts: TextMeasure | None, config: RunConfig) -> str:
    """What the numbers mean, for somebody who meets them for the first time."""
    words = (
        "A token is what the model reads and predicts, one at a time. "
        f"The last {config.data.val_fraction:.0%} of the text is held out for validation: there "
        "the loss shows whether the model learned the language or only this text. "
        "An epoch predicts every training token once"
    )
    if facts is None:
        return words + "."
    steps = steps_per_epoch(facts.targets, config.model.max_seq_len, config.training.batch_size)
    windows = f"{config.training.batch_size:,} windows of {config.model.max_seq_len:,} tokens"
    return f"{words}: here {steps:,} steps of {windows}."


def verdict(facts: TextMeasure, config: RunConfig) -> str:
    """Whether the text suits the model that the form describes, in words."""
    return corpus_verdict(
        facts.train_characters,
        facts.train_tokens,
        parameter_count(config.model, facts.vocab_size),
        config.model.max_seq_len,
        unknown_share=facts.unknown_share,
    )


def refusal(facts: TextMeasure, config: RunConfig) -> str:
    """Why the counted text cannot be trained on with these settings; empty if it can."""
    window = config.model.max_seq_len
    if facts.train_tokens > window:
        return ""
    return (
        f"Too small: the training part has {facts.train_tokens:,} tokens, but the context takes "
        f"{window + 1:,} (max_seq_len {window:,} and the token after it). Choose a longer text, "
        "or set a smaller max_seq_len (under Train, or --max-seq-len)."
    )


def _line(name: str, figure: str, width: int) -> Content:
    """`name        figure`, the figure at the right end of `width` cells."""
    gap = " " * max(1, width - cell_len(name) - cell_len(figure))
    style = "$foreground 60%" if figure in (_PENDING, _STOPPED) else "bold"
    return Content.assemble((name, "$foreground 70%"), gap, (figure, style))
