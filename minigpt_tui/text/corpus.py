"""A corpus: the documents that a model learns from, read, described and split."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.file_text import Text, chunks, open_text
from minigpt_tui.text.formats import split_name
from minigpt_tui.text.library import find_corpus, is_pattern, library
from minigpt_tui.text.plain_text import PlainText, plain_texts
from minigpt_tui.text.progress import OnProgress, part_of
from minigpt_tui.text.safe import visible
from minigpt_tui.text.statistics import TextStatistics, text_statistics

__all__ = [
    "Corpus",
    "Document",
    "content_digest",
    "corpus_of",
    "find_corpus",
    "library",
    "read_corpus",
    "split",
]

# Together, the files of a corpus are kept in memory up to so many bytes.
_KEPT_BYTES = 32 * 2**20
_NAME_LENGTH = 48


@dataclass(frozen=True)
class Document:
    """The text of a file: in memory if the corpus is small, else left in its file.

    A file of records has as many documents in its text, with a BORDER between them.
    """

    path: Path
    text: Text


@dataclass(frozen=True)
class Corpus:
    """Documents in order. `name` is made of ASCII letters, digits, '.', '_' and '-'."""

    name: str
    documents: tuple[Document, ...]

    @property
    def texts(self) -> list[Text]:
        return [document.text for document in self.documents]

    @property
    def in_memory(self) -> bool:
        """Whether no document has to be read from its file again."""
        return all(isinstance(text, str) for text in self.texts)

    @cached_property
    def statistics(self) -> TextStatistics:
        """Counted when first asked for, at some 100 MB a second."""
        return text_statistics(self.texts)

    @property
    def characters(self) -> int:
        return sum(len(document.text) for document in self.documents)

    @property
    def bytes(self) -> int:
        return self.statistics.bytes

    @property
    def words(self) -> int:
        return self.statistics.words

    @property
    def lines(self) -> int:
        return self.statistics.lines

    @cached_property
    def digest(self) -> str:
        """SHA-256 of the contents in order: the same text gives the same digest."""
        return content_digest(self.texts)


def read_corpus(
    names: Sequence[str],
    data: DataFolder,
    encoding: str = "auto",
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
    field: str = "text",
) -> Corpus:
    """The corpus that `names` mean (see `find_corpus`), decoded (see `decode`).

    The texts of records are those in `field`; `on_progress` is not told of unpacking them
    (`plain_texts` does that, where it is called before).
    A large one is read through, at some 500 MB a second, but not kept in memory. Raises ValueError
    that names the file and the fault: missing, unreadable, empty, binary, or not in the encoding;
    CancelledError when `should_stop` says so.
    """
    texts = plain_texts(names, data, encoding, field, should_stop)
    total = sum(text.size for text in texts)
    documents, before = [], 0
    for text in texts:
        check_cancelled(should_stop)
        progress = part_of(on_progress, before, text.size, total)
        documents.append(Document(text.source, _text_of(text, total, should_stop, progress)))
        before += text.size
        if on_progress is not None:
            on_progress(before / max(total, 1))
    return Corpus(_corpus_name(names), tuple(documents))


def corpus_of(
    settings: DataConfig,
    data: DataFolder,
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> Corpus:
    """The corpus of a configuration; `on_progress` is told of unpacking, and then of reading it."""
    how = settings.encoding, settings.text_field
    plain_texts(settings.corpus, data, *how, should_stop, on_progress)
    return read_corpus(
        settings.corpus, data, settings.encoding, should_stop, on_progress, settings.text_field
    )


def split(corpus: Corpus, val_fraction: float) -> tuple[list[Text], list[Text]]:
    """The texts of the training part and of the validation part.

    The validation part is the last `val_fraction` of the characters of all documents in order,
    rounded down; the document in which the border lies is cut there. The training part has at
    least one character, and a part of no characters has no texts. Raises ValueError for a
    fraction outside [0, 1).
    """
    if not 0 <= val_fraction < 1:
        raise ValueError(f"val_fraction must be at least 0 and below 1, not {val_fraction}.")
    left = corpus.characters - int(corpus.characters * val_fraction)
    training: list[Text] = []
    validation: list[Text] = []
    for text in corpus.texts:
        training.append(text[:left])
        validation.append(text[left:])
        left = max(0, left - len(text))
    return [text for text in training if text], [text for text in validation if text]


def content_digest(texts: Sequence[Text], should_stop: ShouldStop = None) -> str:
    """SHA-256 (hexadecimal) of texts in order and of where each ends."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(len(text).to_bytes(8, "little"))
        for chunk in chunks(text):
            check_cancelled(should_stop)
            digest.update(chunk.encode())
    return digest.hexdigest()


def _text_of(text: PlainText, total: int, should_stop: ShouldStop, on_progress: OnProgress) -> Text:
    """The text itself where the corpus of `total` bytes is small, else its place."""
    if total > _KEPT_BYTES:
        return open_text(
            text.path, text.encoding, should_stop, on_progress, is_checked=text.is_copy
        )
    return text.decode(_read(text.path))


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error


def _corpus_name(names: Sequence[str]) -> str:
    """A name that is safe for files and screens: that of the first text, and how many follow."""
    first = Path(names[0]).expanduser().absolute()
    named = first.parent if is_pattern(first.name) else first
    stem, _ = split_name(named.name)
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:_NAME_LENGTH].rstrip("-._")
    others = f"-and-{len(names) - 1}-more" if len(names) > 1 else ""
    return (safe or "corpus") + others
