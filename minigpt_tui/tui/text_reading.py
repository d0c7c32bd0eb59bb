"""Reads a text for the Corpus pane, step by step: what can be seen at once, then what takes time.

`read_text` runs in a worker thread. Its first step shows the beginning of a text of any size; the
counts follow, exact up to a bound by level and estimated from the beginning above it.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.library import find_corpus
from minigpt_tui.text.safe import visible

if TYPE_CHECKING:
    from minigpt_tui.text.corpus import Corpus
    from minigpt_tui.text.file_text import Text

PREVIEW_BYTES = 1 << 16
PREVIEW_CHARACTERS = 24_000
# Characters of text that are tokenized to count; a few seconds of work at most.
COUNTED_CHARACTERS = {"char": 1 << 40, "word": 12_000_000, "bpe": 4_000_000}

Span = tuple[int, int, int]


@dataclass(frozen=True)
class Beginning:
    """The first characters of the first file, and how much there is in all."""

    path: Path
    files: int
    bytes: int
    text: str
    cut: bool
    """Whether the file goes on."""


@dataclass(frozen=True)
class Coloured:
    """Where the tokens of the beginning lie: (start, end, id) in characters."""

    spans: Sequence[Span]


@dataclass(frozen=True)
class TextFacts:
    """Counts over all files of a text."""

    files: int
    bytes: int
    characters: int
    words: int
    lines: int
    distinct_characters: int


@dataclass(frozen=True)
class TokenFacts:
    """What the chosen tokenizer makes of the two parts of a text, separators (EOT) counted."""

    level: str
    vocabulary: int
    training_characters: int
    training: int
    validation: int
    unknown: int
    """Unknown tokens in the validation part."""
    estimated: bool
    """Whether the numbers were extrapolated from the beginning of a long text."""

    @property
    def tokens(self) -> int:
        return self.training + self.validation

    @property
    def targets(self) -> int:
        """Tokens that an epoch predicts: all of the training part but the first."""
        return max(0, self.training - 1)


@dataclass(frozen=True)
class Suspicion:
    """The beginning looks unfit; the whole text is being read to be sure."""

    sentence: str


@dataclass(frozen=True)
class Whole:
    """The decoded text, for the next reading at another level. A large one is read again."""

    corpus: Corpus


Step = Beginning | Coloured | TextFacts | TokenFacts | Suspicion | Whole


def read_text(
    config: DataConfig,
    data: DataFolder,
    should_stop: Callable[[], bool],
    known: Corpus | None = None,
) -> Iterator[Step]:
    """The steps of reading `config.corpus`. `known` is its text where that was read before.

    Raises ValueError with a sentence for everything that makes the text unfit for training, and
    CancelledError soon after `should_stop` says so.
    """
    from minigpt_tui.text.cancel import check_cancelled
    from minigpt_tui.text.corpus import read_corpus
    from minigpt_tui.text.file_text import chunks
    from minigpt_tui.text.statistics import text_statistics

    paths = find_corpus(config.corpus, data)
    n_bytes = sum(_file_size(path) for path in paths)
    beginning = None
    try:
        text, cut = _first_text(paths[0], config.encoding)
        yield (beginning := Beginning(paths[0], len(paths), n_bytes, text, cut))
        if config.level != "bpe":  # where tokens begin does not depend on the vocabulary
            yield Coloured(_provisional_spans(text, config))
    except ValueError as error:
        yield Suspicion(str(error))
    check_cancelled(should_stop)
    if known is None:
        known = read_corpus(config.corpus, data, config.encoding, should_stop)
        if known.in_memory:
            yield Whole(known)
    if beginning is None:
        first = known.documents[0].text
        text = "".join(chunks(first[:PREVIEW_CHARACTERS]))
        cut = len(first) > len(text)
        yield (beginning := Beginning(paths[0], len(paths), n_bytes, text, cut))
    counts = text_statistics(known.texts, should_stop)
    yield TextFacts(len(paths), **dataclasses.asdict(counts))
    yield from _token_steps(known, config, beginning.text, should_stop)


def _token_steps(
    corpus: Corpus, config: DataConfig, preview: str, should_stop: Callable[[], bool]
) -> Iterator[Step]:
    from minigpt_tui.text.corpus import split
    from minigpt_tui.text.statistics import token_statistics
    from minigpt_tui.text.tokenizers import build_tokenizer

    parts = split(corpus, config.val_fraction)
    bound = COUNTED_CHARACTERS[config.level]
    share = min(1.0, bound / corpus.characters)
    training, validation = (_shortened(part, share) for part in parts)
    tokenizer = build_tokenizer(training, config, should_stop)
    yield Coloured(tokenizer.spans(preview))
    learned = token_statistics(training, tokenizer, should_stop)
    held_out = token_statistics(validation, tokenizer, should_stop)
    yield TokenFacts(
        level=config.level,
        vocabulary=tokenizer.vocab_size,
        training_characters=sum(map(len, parts[0])),
        training=round(learned.tokens / share) + len(parts[0]),
        validation=round(held_out.tokens / share) + len(parts[1]),
        unknown=round(held_out.unknown_tokens / share),
        estimated=share < 1,
    )


def _shortened(texts: Sequence[Text], share: float) -> list[Text]:
    """The beginning of the texts that holds `share` of their characters."""
    left = round(share * sum(map(len, texts)))
    kept: list[Text] = []
    for text in texts:
        if left <= 0:
            break
        kept.append(text[:left])
        left -= len(text)
    return kept


def _provisional_spans(text: str, config: DataConfig) -> Sequence[Span]:
    """The tokens of a text as if all of them were in the vocabulary."""
    from minigpt_tui.text.tokenizers import build_tokenizer

    everything = dataclasses.replace(config, vocab_size=None, min_frequency=1)
    return build_tokenizer([text], everything).spans(text)


def _first_text(path: Path, encoding: str) -> tuple[str, bool]:
    """The beginning of a file, decoded, and whether it goes on. ValueError as of `decode`."""
    from minigpt_tui.text.decoding import decode

    try:
        with open(path, "rb") as file:
            raw = file.read(PREVIEW_BYTES)
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
    first_fault: ValueError | None = None
    more = len(raw) == PREVIEW_BYTES
    for torn in range(4 if more else 1):  # the last character may be
        try:
            text = decode(raw[: len(raw) - torn], path, encoding)
            return text[:PREVIEW_CHARACTERS], more or len(text) > PREVIEW_CHARACTERS
        except ValueError as error:
            first_fault = first_fault or error
    assert first_fault is not None
    raise first_fault


def _file_size(path: Path) -> int:
    try:
        return os.stat(path).st_size
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
