"""Reads a text for the Corpus pane, step by step: what can be seen at once, then what takes time.

`read_text` runs in a worker thread. Its first step shows the beginning of a text of any size; the
counts follow, exact up to a bound by level and estimated from the beginning above it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.border import BORDER
from minigpt_tui.text.library import find_corpus
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.corpus.frequent_tokens import frequent_tokens
from minigpt_tui.tui.corpus.text_steps import (
    Beginning,
    Border,
    Coloured,
    Learned,
    Measured,
    Step,
    Suspicion,
    TextFacts,
    Unpacking,
    Whole,
)
from minigpt_tui.tui.corpus.token_spans import part_spans, provisional_spans

if TYPE_CHECKING:
    from minigpt_tui.text.corpus import Corpus
    from minigpt_tui.text.part import Part
    from minigpt_tui.text.plain_text import PlainText

Say = Callable[[str, float], None]
"""Told what is being done, and the share of it that is done (0 to 1)."""


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
    from minigpt_tui.tui.corpus.text_measure import measure_sample, remember_measure, sample_of

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
    from minigpt_tui.tui.corpus.text_measure import decode_cut

    try:
        with open_regular(text.path) as file:
            raw = file.read(PART_BYTES)
    except OSError as error:
        shown = visible(str(text.path))
        raise ValueError(f"Cannot read {shown}: {error.strerror}.") from error
    decode_cut(raw, text)
