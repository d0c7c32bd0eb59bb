"""What the chosen text amounts to in tokens: measured once for each text and tokenizer settings.

The form needs the size of the vocabulary and of the text before anything is trained, and the
Corpus pane shows them: both by the same functions, and what one has measured the other knows. Of
a long text a part stands for the whole, and the figures say that they are estimates.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.cancel import ShouldStop
from minigpt_tui.text.corpus import Corpus, Document, corpus_of, find_corpus, split
from minigpt_tui.text.file_text import Text
from minigpt_tui.text.pieces import document_pieces
from minigpt_tui.text.plain_text import PlainText, plain_texts
from minigpt_tui.text.progress import OnProgress
from minigpt_tui.text.safe import visible
from minigpt_tui.text.statistics import token_counts
from minigpt_tui.text.tokenizers import UNK_ID, Tokenizer, build_tokenizer

MEASURED_BYTES = 8_000_000
"""Of a longer text the form reads the beginning."""
COUNTED_CHARACTERS = {"char": 1 << 40, "word": 12_000_000, "bpe": 4_000_000}
"""Characters that are tokenized to count, by level: a few seconds of work at most."""
_REMEMBERED = 64

Counts = npt.NDArray[np.int64]
_Key = tuple[tuple[tuple[str, int, int], ...], DataConfig]
_known: dict[_Key, TextMeasure] = {}
_known_guard = threading.Lock()


@dataclass(frozen=True)
class TextMeasure:
    """Sizes of a text: tokens count the EOT that opens each document, characters do not."""

    level: str
    vocab_size: int
    train_tokens: int
    train_characters: int
    val_tokens: int
    unknown_tokens: int  # of the validation part
    estimated: bool

    @property
    def tokens(self) -> int:
        return self.train_tokens + self.val_tokens

    @property
    def targets(self) -> int:
        """Tokens that an epoch predicts: all of the training part but the first."""
        return max(0, self.train_tokens - 1)

    @property
    def unknown_share(self) -> float:
        """Of the validation tokens, 0 to 1."""
        return self.unknown_tokens / self.val_tokens if self.val_tokens else 0.0


@dataclass(frozen=True)
class Sample:
    """The two parts of a text, or their beginnings, which hold `share` of the characters."""

    training: list[Text]
    validation: list[Text]
    share: float
    train_characters: int
    separators: tuple[int, int]
    """Documents that the parts have in all: an EOT opens each."""


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
    how = settings.encoding, settings.text_field
    texts = plain_texts(settings.corpus, data, *how, should_stop)
    total = sum(text.size for text in texts)
    if total <= MEASURED_BYTES:
        corpus, read = corpus_of(settings, data, should_stop), total
    else:
        corpus, read = _beginning(texts)
    sample = sample_of(corpus, settings, share_read=read / max(total, 1))
    tokenizer = build_tokenizer(sample.training, settings, should_stop)
    measured, _ = measure_sample(sample, tokenizer, should_stop)
    _remember(key, measured)
    return measured


def remember_measure(settings: DataConfig, data: DataFolder, measured: TextMeasure) -> None:
    """Lets `measure_text` know what was measured elsewhere, of the text as it is now."""
    _remember(_key(settings, data), measured)


def sample_of(corpus: Corpus, settings: DataConfig, share_read: float = 1.0) -> Sample:
    """What of a corpus is tokenized to measure it; `share_read` of the text is in `corpus`."""
    parts = split(corpus, settings.val_fraction)
    share = min(1.0, COUNTED_CHARACTERS[settings.level] / max(1, corpus.characters))
    training, validation = (_shortened(part, share) for part in parts)
    return Sample(
        training=training,
        validation=validation,
        share=share * share_read,
        train_characters=round(sum(map(len, parts[0])) / share_read),
        separators=(
            _documents(parts[0], training, share * share_read),
            _documents(parts[1], validation, share * share_read),
        ),
    )


def measure_sample(
    sample: Sample,
    tokenizer: Tokenizer,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> tuple[TextMeasure, Counts]:
    """The sizes of the whole text, and how often each token is in the sample: [vocab_size]."""
    learned = token_counts(sample.training, tokenizer, should_stop, on_progress)
    held_out = token_counts(sample.validation, tokenizer, should_stop)
    measured = TextMeasure(
        level=tokenizer.level,
        vocab_size=tokenizer.vocab_size,
        train_tokens=round(int(learned.sum()) / sample.share) + sample.separators[0],
        train_characters=sample.train_characters,
        val_tokens=round(int(held_out.sum()) / sample.share) + sample.separators[1],
        unknown_tokens=round(int(held_out[UNK_ID]) / sample.share),
        estimated=sample.share < 1,
    )
    return measured, learned + held_out


def _remember(key: _Key, measured: TextMeasure) -> None:
    with _known_guard:
        _known[key] = measured
        while len(_known) > _REMEMBERED:
            del _known[next(iter(_known))]


def _key(settings: DataConfig, data: DataFolder) -> _Key:
    stamps = []
    for path in find_corpus(settings.corpus, data):
        try:
            stat = os.stat(path)
        except OSError as error:
            raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
        stamps.append((str(path), stat.st_size, stat.st_mtime_ns))
    return tuple(stamps), replace(settings, corpus=("measured",))


def _documents(texts: Sequence[Text], beginning: Sequence[Text], share: float) -> int:
    """How many documents texts have, judged by their beginning, which is such a share of them."""
    found = sum(not piece for piece in document_pieces(beginning))
    return len(texts) + round((found - len(beginning)) / share)


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


def _beginning(texts: Sequence[PlainText]) -> tuple[Corpus, int]:
    """The first `MEASURED_BYTES` of a corpus, and how many bytes that were."""
    documents: list[Document] = []
    left = MEASURED_BYTES
    for text in texts:
        if left <= 0:
            break
        try:
            with open_regular(text.path) as file:
                raw = file.read(left)
        except OSError as error:
            raise ValueError(f"Cannot read {visible(str(text.path))}: {error.strerror}.") from error
        documents.append(Document(text.source, decode_cut(raw, text)))
        left -= len(raw)
    return Corpus("beginning", tuple(documents)), MEASURED_BYTES - left


def decode_cut(raw: bytes, text: PlainText) -> str:
    """The text of bytes that may end inside a character, which has at most four of them.

    Raises ValueError as `decode` does of the whole.
    """
    for dropped in (0, 1, 2, 3):
        try:
            return text.decode(raw[: len(raw) - dropped])
        except ValueError:
            continue
    return text.decode(raw)
