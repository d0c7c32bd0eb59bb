"""Every kind of text file as plain text: itself, or a copy with its documents in the cache.

What is packed or in records is written out once, in UTF-8 with a BORDER between documents, so that
all that reads a text (a preview that begins in the middle, a tokenizer, a count) reads one kind of
file. A copy is made anew when its file changes, and goes a month after it was last wanted.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.temporary_files import temporary_beside
from minigpt_tui.text.border import BORDER
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.decoding import check_encoding, checked, decode, decoded
from minigpt_tui.text.formats import format_of
from minigpt_tui.text.library import find_corpus
from minigpt_tui.text.progress import OnProgress, part_of
from minigpt_tui.text.records import csv_rows, json_lines, parquet_rows
from minigpt_tui.text.safe import visible
from minigpt_tui.text.unpacking import Expansion, unpacked

KEPT_SECONDS = 30 * 86_400.0
_LAYOUT = 1
"""Of the copies; another one makes them all anew."""
_PATIENCE_SECONDS = 0.1

_copying = threading.Lock()  # the pane and the form want the same copy at the same time


@dataclass(frozen=True)
class PlainText:
    """`path` holds the text of the file `source` in `encoding`: the file itself, or its copy."""

    source: Path
    path: Path
    encoding: str
    size: int
    """Of `path`, in bytes."""

    @property
    def is_copy(self) -> bool:
        return self.path != self.source

    def decode(self, raw: bytes) -> str:
        """The text of bytes of `path`; ValueError as `decoding.decode` raises it."""
        if self.is_copy:  # which has been checked, and may have borders
            return "".join(decoded([raw], self.source, self.encoding))
        return decode(raw, self.path, self.encoding)


def plain_text(
    source: Path,
    data: DataFolder,
    encoding: str = "auto",
    field: str = "text",
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> PlainText:
    """The plain text of a file, written out at some 50 MB a second where there is no copy yet.

    Raises ValueError that names the file, and the line where there is one; CancelledError when
    `should_stop` says so. Neither leaves anything behind.
    """
    if format_of(source.name).is_plain:
        return PlainText(source, source, encoding, _status(source).st_size)
    copy = _place(source, data, encoding, field)
    if not copy.exists():
        with _one_at_a_time(should_stop):
            if not copy.exists():
                _write_copy(source, copy, encoding, field, should_stop, on_progress)
    _touch(copy.parent)
    return PlainText(source, copy, "utf-8", _status(copy).st_size)


def plain_texts(
    names: Sequence[str],
    data: DataFolder,
    encoding: str = "auto",
    field: str = "text",
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> list[PlainText]:
    """The files that `names` mean (see `find_corpus`), each as plain text.

    `on_progress` is told of the copies alone, and not called where there is none to be made.
    """
    check_encoding(encoding)
    sources = find_corpus(names, data)
    missing = {
        source: _status(source).st_size
        for source in sources
        if not has_plain_text(source, data, encoding, field)
    }
    total, before, found = sum(missing.values()), 0, []
    for source in sources:
        size = missing.get(source, 0)
        progress = part_of(on_progress, before, size, total) if size else None
        found.append(plain_text(source, data, encoding, field, should_stop, progress))
        before += size
    return found


def documents(
    source: Path,
    encoding: str = "auto",
    field: str = "text",
    should_stop: ShouldStop = None,
    on_progress: OnProgress = None,
) -> Iterator[str]:
    """The documents of any text file, in pieces: an empty one opens a document.

    A document has text; what would be empty is passed over. Raises ValueError and CancelledError
    as `plain_text` does.
    """
    form = format_of(source.name)
    if form.kind == ".parquet":
        if form.packing:
            raise ValueError(
                f"{visible(str(source))}: Parquet is packed inside. Unpack this file first."
            )
        yield from _opened(parquet_rows(source, field, should_stop, on_progress))
        return
    blocks = unpacked(source, form.packing, should_stop, on_progress)
    pieces = decoded(blocks, source, encoding)
    if form.kind == ".jsonl":
        yield from _opened(json_lines(pieces, source, field))
    elif form.kind == ".csv":
        yield from _opened(csv_rows(pieces, source, field))
    else:
        yield ""
        yield from pieces


def _opened(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        yield ""
        yield text


def _write_copy(
    source: Path,
    copy: Path,
    encoding: str,
    field: str,
    should_stop: ShouldStop,
    on_progress: OnProgress,
) -> None:
    """Writes the copy beside its place and moves it there, as a whole."""
    cache = copy.parent.parent
    before = _status(source)
    expansion = Expansion(source, before.st_size)
    try:
        cache.mkdir(parents=True, exist_ok=True)
        _forget_old(cache, copy.parent.name)
        beside = temporary_beside(copy.parent)
        beside.mkdir()
        try:
            with open(beside / copy.name, "wb") as file:
                pieces = documents(source, encoding, field, should_stop, on_progress)
                for number, piece in enumerate(checked(pieces, source)):
                    raw = (piece or (BORDER if number else "")).encode()
                    expansion.add(len(raw))
                    file.write(raw)
                file.flush()
                os.fsync(file.fileno())
            if _stamp(_status(source)) != _stamp(before):
                raise ValueError(
                    f"{visible(str(source))} was changed while it was read. Try again."
                )
            _move(beside, copy.parent)
        finally:
            shutil.rmtree(beside, ignore_errors=True)
    except OSError as error:
        raise ValueError(
            f"Cannot write the text of {visible(str(source))} into {visible(str(cache))}: "
            f"{error.strerror}. Make room there, or choose another data folder with --data-dir."
        ) from error


def has_plain_text(source: Path, data: DataFolder, encoding: str, field: str) -> bool:
    """Whether there is nothing to write."""
    return format_of(source.name).is_plain or _place(source, data, encoding, field).exists()


def _place(source: Path, data: DataFolder, encoding: str, field: str) -> Path:
    """Where the copy of this file as it is now lies; its folder names what and when."""
    status = _status(source)
    what = _digest([os.path.realpath(source), encoding, field, _LAYOUT])
    when = _digest(_stamp(status))
    return data.texts / f"{what}-{when}" / source.name


def _stamp(status: os.stat_result) -> list[int]:
    """What tells whether a file is still the same."""
    return [status.st_size, status.st_mtime_ns]


def _move(beside: Path, place: Path) -> None:
    try:
        os.rename(beside, place)
    except OSError:
        if not place.exists():  # else another process was faster
            raise


def _digest(parts: Sequence[object]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]


def _forget_old(cache: Path, name: str) -> None:
    """Removes the copies of the same file as it was before, and those long not wanted."""
    what = name.split("-")[0]
    for folder in cache.iterdir():
        is_older = folder.name.startswith(f"{what}-") and folder.name != name
        try:
            untouched = time.time() - folder.stat().st_mtime
        except FileNotFoundError:  # another process has removed or moved it
            continue
        if is_older or untouched > KEPT_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _touch(folder: Path) -> None:
    try:
        os.utime(folder)
    except OSError:  # of another user, say: then it goes a month after it was made
        return


def _status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error


@contextmanager
def _one_at_a_time(should_stop: ShouldStop) -> Iterator[None]:
    while not _copying.acquire(timeout=_PATIENCE_SECONDS):
        check_cancelled(should_stop)
    try:
        yield
    finally:
        _copying.release()
