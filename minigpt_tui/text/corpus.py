"""A corpus: the documents that a model learns from, read, described and split."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.decoding import check_encoding, decode
from minigpt_tui.text.library import find_corpus, library
from minigpt_tui.text.safe import visible
from minigpt_tui.text.statistics import TextStatistics, text_statistics

__all__ = ["Corpus", "Document", "content_digest", "find_corpus", "library", "read_corpus", "split"]

_HASHED_CHARACTERS = 1 << 22
_NAME_LENGTH = 48


@dataclass(frozen=True)
class Document:
    """One file's text."""

    path: Path
    text: str


@dataclass(frozen=True)
class Corpus:
    """Documents in order. `name` is made of ASCII letters, digits, '.', '_' and '-'."""

    name: str
    documents: tuple[Document, ...]

    @property
    def texts(self) -> list[str]:
        return [document.text for document in self.documents]

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


def read_corpus(names: Sequence[str], data: DataFolder, encoding: str = "auto") -> Corpus:
    """The corpus that `names` mean (see `find_corpus`), decoded (see `decode`).

    Raises ValueError that names the file and the fault: missing, unreadable, empty, binary, or
    not in the encoding.
    """
    check_encoding(encoding)
    paths = find_corpus(names, data)
    documents = tuple(Document(path, decode(_read(path), path, encoding)) for path in paths)
    return Corpus(_corpus_name(names), documents)


def split(corpus: Corpus, val_fraction: float) -> tuple[list[str], list[str]]:
    """The texts of the training part and of the validation part.

    The validation part is the last `val_fraction` of the characters of all documents in order,
    rounded down; the document in which the border lies is cut there. The training part has at
    least one character, and a part of no characters has no texts. Raises ValueError for a
    fraction outside [0, 1).
    """
    if not 0 <= val_fraction < 1:
        raise ValueError(f"val_fraction must be at least 0 and below 1, not {val_fraction}.")
    left = corpus.characters - int(corpus.characters * val_fraction)
    training: list[str] = []
    validation: list[str] = []
    for text in corpus.texts:
        training.append(text[:left])
        validation.append(text[left:])
        left = max(0, left - len(text))
    return [text for text in training if text], [text for text in validation if text]


def content_digest(texts: Sequence[str]) -> str:
    """SHA-256 (hexadecimal) of texts in order and of where each ends."""
    digest = hashlib.sha256()
    for text in texts:
        digest.update(len(text).to_bytes(8, "little"))
        for start in range(0, len(text), _HASHED_CHARACTERS):
            digest.update(text[start : start + _HASHED_CHARACTERS].encode())
    return digest.hexdigest()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
    except MemoryError as error:
        raise ValueError(
            f"{visible(str(path))} does not fit into the memory of this machine. Use a part of it."
        ) from error


def _corpus_name(names: Sequence[str]) -> str:
    """A name that is safe for files and screens: that of the first text, and how many follow."""
    first = Path(names[0]).expanduser().absolute()
    stem = first.stem if first.suffix.lower() == ".txt" else first.name
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")[:_NAME_LENGTH].rstrip("-._")
    others = f"-and-{len(names) - 1}-more" if len(names) > 1 else ""
    return (safe or "corpus") + others
