"""Reads a text for the Corpus pane, step by step: what can be seen at once, then what takes time.

`read_text` runs in a worker thread. Its first step shows the beginning of a text of any size; the
counts follow, exact up to a bound by level and estimated from the beginning above it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.border import BORDER
from minigpt_tui.text.library import find_corpus
from minigpt_tui.text.safe import visible

if TYPE_CHECKING:
    from minigpt_tui.text.corpus import Corpus
    from minigpt_tui.text.part import Part
    from minigpt_tui.text.plain_text import PlainText
    from minigpt_tui.text.tokenizers import Tokenizer
    from minigpt_tui.tui.text_measure import Counts, TextMeasure

LISTED_TOKENS = 24
"""Of the most and of the least frequent tokens."""

Span = tuple[int, int, int]
Say = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done (0 to 1)."""


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
class TokenCount:
    id: int
    text: str
    count: int


@dataclass(frozen=True)
class FrequentTokens:
    """The tokens that occur most and least often in what was counted."""

    counted: int
    distinct: int
    most: tuple[TokenCount, ...]
    least: tuple[TokenCount, ...]


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


def read_text(
    config: DataConfig,
    data: DataFolder,
    should_stop: Callable[[], bool],
    known: Corpus | None = None,
    say: Say = lambda what, share: None,
) -> Iterator[Step]:
    """The steps of reading `config.corpus`. `known` is its text where that was read before.

    Raises ValueError with a sentence for everything that makes the text unfit for training, and
    CancelledError soon after `should_stop` says so.
    """
    from minigpt_tui.text.cancel import check_cancelled
    from minigpt_tui.text.corpus import read_corpus
    from minigpt_tui.text.plain_text import has_plain_text, plain_texts
    from minigpt_tui.text.statistics import text_statistics
    from minigpt_tui.text.tokenizers import build_tokenizer
    from minigpt_tui.tui.text_measure import measure_sample, remember_measure, sample_of

    how = config.encoding, config.text_field
    sources = find_corpus(config.corpus, data)
    if not all(has_plain_text(path, data, *how) for path in sources):
        glance = _glance(sources[0], config, should_stop)
        yield Unpacking(glance.text, provisional_spans(glance, config))
    texts = tuple(plain_texts(config.corpus, data, *how, should_stop, partial(say, "unpacking")))
    begun = False
    try:
        _check_beginning(texts[0])
        yield (beginning := _beginning(texts))
        begun = True
        if spans := provisional_spans(beginning.part, config):
            yield Coloured(spans)
    except ValueError as error:
        yield Suspicion(str(error))
    check_cancelled(should_stop)
    if known is None:
        known = read_corpus(
            config.corpus,
            data,
            config.encoding,
            should_stop,
            lambda share: say("reading", share),
            config.text_field,
        )
        if known.in_memory:
            yield Whole(known)
    if not begun:
        yield (beginning := _beginning(texts))
    if (border := _border(known, texts, config, should_stop)) is not None:
        yield border
    counts = text_statistics(known.texts, should_stop, lambda share: say("counting", share))
    yield TextFacts(len(texts), **dataclasses.asdict(counts))
    sample = sample_of(known, config)
    tokenizer = build_tokenizer(
        sample.training, config, should_stop, lambda share: say("vocabulary", share)
    )
    yield Learned(tokenizer)
    yield Coloured(part_spans(beginning.part, tokenizer))
    measure, frequencies = measure_sample(
        sample, tokenizer, should_stop, lambda share: say("tokenizing", share)
    )
    remember_measure(config, data, measure)
    yield Measured(measure, frequencies, frequent_tokens(frequencies, tokenizer))


def _glance(source: Path, config: DataConfig, should_stop: Callable[[], bool]) -> Part:
    """How a file's documents begin, of which some kilobytes are unpacked."""
    from minigpt_tui.text.part import PART_CHARACTERS, Part
    from minigpt_tui.text.plain_text import documents

    text, room = "", PART_CHARACTERS
    for piece in documents(source, config.encoding, config.text_field, should_stop):
        text += piece[:room] or (BORDER if text else "")
        room = PART_CHARACTERS - len(text)
        if room <= 0:
            break
    return Part(source, 0, len(text), len(text), "utf-8", text)


def provisional_spans(part: Part, config: DataConfig) -> Sequence[Span]:
    """The tokens of a part as if all of them were in the vocabulary; none for BPE, where they
    depend on what else is in the text."""
    from minigpt_tui.text.tokenizers import build_tokenizer

    if config.level == "bpe":
        return ()
    everything = dataclasses.replace(config, vocab_size=None, min_frequency=1)
    texts = [text for _, text in part.documents]
    return part_spans(part, build_tokenizer(texts, everything))


def part_spans(part: Part, tokenizer: Tokenizer) -> Sequence[Span]:
    """The tokens of a part; between its documents there is an EOT."""
    from minigpt_tui.text.vocabulary import EOT_ID

    spans: list[Span] = []
    for start, text in part.documents:
        if start:
            spans.append((start - 1, start, EOT_ID))
        found = tokenizer.spans(text)
        spans += [(start + begin, start + end, i) for begin, end, i in found] if start else found
    return spans


def frequent_tokens(counts: Counts, tokenizer: Tokenizer) -> FrequentTokens:
    """The most and the least frequent of the tokens that occur; of equal ones the lower id first.

    `counts` is [vocab_size].
    """
    import numpy as np

    order = np.argsort(-counts, kind="stable")
    order = order[counts[order] > 0]

    def listed(ids: Sequence[int]) -> tuple[TokenCount, ...]:
        return tuple(TokenCount(i, tokenizer.token_text(i), int(counts[i])) for i in ids)

    most = order[:LISTED_TOKENS].tolist()
    least = order[max(len(most), len(order) - LISTED_TOKENS) :].tolist()
    return FrequentTokens(int(counts.sum()), len(order), listed(most), listed(least[::-1]))


def _border(
    corpus: Corpus,
    texts: Sequence[PlainText],
    config: DataConfig,
    should_stop: Callable[[], bool],
) -> Border | None:
    """Where the validation part begins; None where nothing is held out."""
    from minigpt_tui.text.corpus import split
    from minigpt_tui.text.part import byte_of_character

    training, validation = split(corpus, config.val_fraction)
    left = sum(map(len, training))
    if not validation:
        return None
    for number, (document, plain) in enumerate(zip(corpus.documents, texts, strict=True)):
        if left < len(document.text):
            byte = byte_of_character(plain.path, plain.encoding, left, should_stop)
            return Border(number, byte)
        left -= len(document.text)
    raise AssertionError("what is held out is in one of the documents")


def _beginning(texts: tuple[PlainText, ...]) -> Beginning:
    from minigpt_tui.text.part import read_part

    return Beginning(texts, read_part(texts[0].path, texts[0].encoding, 0))


def _check_beginning(text: PlainText) -> None:
    """Raises ValueError, as `decode` does, for a file that begins unlike a text."""
    from minigpt_tui.text.part import PART_BYTES
    from minigpt_tui.tui.text_measure import decode_cut

    try:
        with open_regular(text.path) as file:
            raw = file.read(PART_BYTES)
    except OSError as error:
        shown = visible(str(text.path))
        raise ValueError(f"Cannot read {shown}: {error.strerror}.") from error
    decode_cut(raw, text)
