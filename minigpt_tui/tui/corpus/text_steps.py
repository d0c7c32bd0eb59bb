"""What the reading of a text finds, step by step: the beginning at once, the counts later."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from minigpt_tui.tui.corpus.frequent_tokens import FrequentTokens
from minigpt_tui.tui.corpus.token_spans import Span

if TYPE_CHECKING:
    from minigpt_tui.text.corpus import Corpus
    from minigpt_tui.text.part import Part
    from minigpt_tui.text.plain_text import PlainText
    from minigpt_tui.text.tokenizers import Tokenizer
    from minigpt_tui.tui.corpus.text_measure import Counts, TextMeasure


@dataclass(frozen=True)
class Beginning:
    """The first part of the first file, and how much there is in all."""

    texts: tuple[PlainText, ...]
    """Of each file: itself, or its copy in plain text."""
    part: Part

    @property
    def sizes(self) -> tuple[int, ...]:
        """In bytes."""
        return tuple(text.size for text in self.texts)


@dataclass(frozen=True)
class Coloured:
    """Where the tokens of the beginning lie: (start, end, id) in characters."""

    spans: Sequence[Span]


@dataclass(frozen=True)
class TextFacts:
    """Counts over all files of a text."""

    files: int
    documents: int
    bytes: int
    characters: int
    words: int
    lines: int
    distinct_characters: int


@dataclass(frozen=True)
class Border:
    """Where the validation part begins: at a byte of a file."""

    file: int
    byte: int


@dataclass(frozen=True)
class Learned:
    """The tokenizer that training would use, or nearly: of a long text a part was read."""

    tokenizer: Tokenizer


@dataclass(frozen=True)
class Measured:
    """What the tokenizer makes of the two parts of the text."""

    measure: TextMeasure
    counts: Counts
    """How often each token occurs in what was counted: [vocab_size]."""
    frequent: FrequentTokens


@dataclass(frozen=True)
class Suspicion:
    """The beginning looks unfit; the whole text is being read to be sure."""

    sentence: str


@dataclass(frozen=True)
class Whole:
    """The decoded text, for the next reading at another level. A large one is read again."""

    corpus: Corpus


@dataclass(frozen=True)
class Unpacking:
    """The text is being written out as plain text; this is how it begins, with its tokens."""

    text: str
    spans: Sequence[Span]


Step = (
    Unpacking | Beginning | Coloured | TextFacts | Border | Learned | Measured | Suspicion | Whole
)
