"""A corpus: the documents that a model learns from, read, described and split."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.decoding import check_encoding, decode
from minigpt_tui.text.file_text import Text, chunks, open_text
from minigpt_tui.text.library import find_corpus, library
from minigpt_tui.text.progress import OnProgress
from minigpt_tui.text.safe import visible
from minigpt_tui.text.statistics import TextStatistics, text_statistics

__all__ = ["Corpus", "Document", "content_digest", "find_corpus", "library", "read_corpus", "split"]

# Together, the files of a corpus are kept in memory up to so many bytes.
_KEPT_BYTES = 32 * 2**20
_NAME_LENGTH = 48


@dataclass(frozen=True)
class Document:
    """One file's text: in memory if the corpus is small, else left in its file."""

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
) -> Corpus:
    """The corpus that `names` mean (see `find_corpus`), decoded (see `decode`).

    A large one is read through, at some 500 MB a second, but not kept in memory. Raises ValueError
    that names the file and the fault: missing, unreadable, empty, binary, or not in the encoding;
    CancelledError when `should_stop` says so.
    """
    check_encoding(encoding)
    paths = find_corpus(names, data)
    sizes = [_size(path) for path in paths]
    total, before = sum(sizes), 0
    documents = []

    def read(share_of_file: float) -> None:
        if on_progress is not None:
            on_progress((before + share_of_file * size) / max(total, 1))

    for path, size in zip(paths, sizes, strict=True):
        check_cancelled(should_stop)
        text = (
            decode(_read(path), path, encoding)
            if total <= _KEPT_BYTES
            else open_text(path, encoding, should_stop, read)
        )
        documents.append(Document(path, text))
        read(1.0)
        before += size
    return Corpus(_corpus_name(names), tuple(documents))


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


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error


def _read(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read()
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error


def _corpus_name(names: Sequence[str]) -> str:
    """A name that is safe for files and screens: that of the first text, and how many follow."""
    first = Path(names[0]).expanduser().absolute()
    stem = first.stem if first.suffix.lower() == ".txt" else first.name
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:_NAME_LENGTH].rstrip("-._")
    others = f"-and-{len(names) - 1}-more" if len(names) > 1 else ""
    return (safe or "corpus") + others
