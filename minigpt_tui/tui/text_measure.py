"""What the chosen text amounts to in tokens: measured once for each text and tokenizer settings.

The form needs the size of the vocabulary and of the text before anything is trained. Up to
`MEASURED_BYTES` the corpus is really read and its vocabulary built; of a larger one the beginning
stands for the whole, and the figures say that they are estimates.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.cancel import ShouldStop
from minigpt_tui.text.corpus import Corpus, Document, find_corpus, read_corpus, split
from minigpt_tui.text.decoding import decode
from minigpt_tui.text.safe import visible
from minigpt_tui.text.statistics import token_statistics
from minigpt_tui.text.tokenizers import build_tokenizer

MEASURED_BYTES = 8_000_000
_REMEMBERED = 64

_Key = tuple[tuple[tuple[str, int, int], ...], DataConfig]
_known: dict[_Key, TextMeasure] = {}
_known_guard = threading.Lock()


@dataclass(frozen=True)
class TextMeasure:
    """Sizes of a text: tokens count the EOT that opens each document, characters do not."""

    vocab_size: int
    train_tokens: int
    train_characters: int
    val_tokens: int
    unknown_share: float  # of the validation tokens, 0 to 1
    estimated: bool


def measure_text(
    settings: DataConfig, data: DataFolder, should_stop: ShouldStop = None
) -> TextMeasure:
    """The sizes of a corpus under these settings, remembered until one of its files changes.

    Raises ValueError in words when the corpus cannot be read, CancelledError when `should_stop`
    says so. Seconds for some megabytes of text: not for the screen's thread.
    """
    key = _key(settings, data)
    with _known_guard:
        if key in _known:
            return _known[key]
    measured = _measured(key, settings, data, should_stop)
    with _known_guard:
        _known[key] = measured
        while len(_known) > _REMEMBERED:
            del _known[next(iter(_known))]
    return measured


def _key(settings: DataConfig, data: DataFolder) -> _Key:
    stamps = []
    for path in find_corpus(settings.corpus, data):
        try:
            stat = os.stat(path)
        except OSError as error:
            raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
        stamps.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(stamps), replace(settings, corpus=("measured",))


def _measured(
    key: _Key, settings: DataConfig, data: DataFolder, should_stop: ShouldStop
) -> TextMeasure:
    sizes = {Path(path): size for path, size, _ in key[0]}
    total = sum(sizes.values())
    if total <= MEASURED_BYTES:
        corpus, scale = read_corpus(settings.corpus, data, settings.encoding), 1.0
    else:
        corpus, read = _beginning(list(sizes), settings.encoding)
        scale = total / read
    training, validation = split(corpus, settings.val_fraction)
    tokenizer = build_tokenizer(training, settings, should_stop)
    train = token_statistics(training, tokenizer, should_stop)
    val = token_statistics(validation, tokenizer, should_stop)
    return TextMeasure(
        vocab_size=tokenizer.vocab_size,
        train_tokens=round(train.tokens * scale) + len(training),
        train_characters=round(sum(map(len, training)) * scale),
        val_tokens=round(val.tokens * scale) + len(validation),
        unknown_share=val.unknown_tokens / val.tokens if val.tokens else 0.0,
        estimated=scale != 1.0,
    )


def _beginning(paths: Sequence[Path], encoding: str) -> tuple[Corpus, int]:
    """The first `MEASURED_BYTES` of a corpus, and how many bytes that were."""
    documents: list[Document] = []
    left = MEASURED_BYTES
    for path in paths:
        if left <= 0:
            break
        try:
            with open(path, "rb") as file:
                raw = file.read(left)
        except OSError as error:
            raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
        documents.append(Document(path, _decode_cut(raw, path, encoding)))
        left -= len(raw)
    return Corpus("beginning", tuple(documents)), MEASURED_BYTES - left


def _decode_cut(raw: bytes, path: Path, encoding: str) -> str:
    """The text of bytes that may end inside a character, which has at most four of them."""
    for dropped in (0, 1, 2):
        try:
            return decode(raw[: len(raw) - dropped], path, encoding)
        except ValueError:
            continue
    return decode(raw[: max(0, len(raw) - 3)], path, encoding)
