"""What a person may do to the texts of the library: add by copy or paste, delete, bring back.

A deleted text is moved into the trash, a hidden folder beside the texts, and stays there for a
week. A new one is there as a whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.paths import DataFolder, check_name
from minigpt_tui.runs.atomic import sync_folder, temporary_beside, write_atomic
from minigpt_tui.text.cancel import ShouldStop, check_cancelled
from minigpt_tui.text.formats import split_name
from minigpt_tui.text.library import find_corpus, is_pattern
from minigpt_tui.text.safe import visible

KEPT_SECONDS = 7 * 86_400.0
"""How long a deleted text can be brought back."""
_TRASH = ".trash"
_IN_TRASH = re.compile(r"(.+)~([0-9]{1,12})-[0-9a-f]{8}", re.DOTALL)
_BLOCK_BYTES = 1 << 20


@dataclass(frozen=True)
class DeletedText:
    """A file or folder in the trash: where it lies, and where it was."""

    path: Path
    original: Path
    deleted: float  # seconds since 1970


def add_text(name: str, text: str, data: DataFolder) -> Path:
    """A new text of the library, in UTF-8. Raises ValueError for an unsafe or taken name, for
    an empty text, and where the folder cannot be written."""
    if not text.strip():
        raise ValueError("There is no text yet: paste some.")
    target = data.corpora / f"{check_name(name, 'name of a text')}.txt"
    if os.path.lexists(target) or os.path.lexists(data.corpora / name):
        raise ValueError(f"There is already a text {name}. Choose another name.")
    lines = text.replace("\r\n", "\n").replace("\r", "\n")  # terminals paste \r for a new line
    try:
        data.corpora.mkdir(parents=True, exist_ok=True)
        write_atomic(target, lines.encode("utf-8", "replace"))
    except OSError as error:
        raise ValueError(f"Cannot write {visible(str(target))}: {error.strerror}.") from error
    return target


def copy_text(names: Sequence[str], data: DataFolder, should_stop: ShouldStop = None) -> Path:
    """Copies a file, or the files of a folder, a pattern or several names, into the library.

    Returns the new file or folder. Raises ValueError that says what is wrong, CancelledError when
    `should_stop` says so; nothing is left then.
    """
    files = find_corpus(names, data)
    first = Path(names[0]).expanduser().absolute()
    single = len(names) == len(files) == 1 and not first.is_dir()
    if single:
        stem, ending = split_name(files[0].name)
        target = _free_place(data.corpora, stem if ending else files[0].stem, ending or ".txt")
    else:
        named = first.parent if is_pattern(first.name) else first
        target = _free_place(data.corpora, named.name, "")
    base = first if len(names) == 1 and first.is_dir() else None
    temporary = temporary_beside(target)
    try:
        data.corpora.mkdir(parents=True, exist_ok=True)
        if single:
            _copy(files[0], temporary, should_stop)
        else:
            for number, file in enumerate(files, 1):
                inside = file.absolute().relative_to(base) if base else f"{number:03d}-{file.name}"
                place = temporary / inside
                place.parent.mkdir(parents=True, exist_ok=True)
                _copy(file, place, should_stop)
        os.rename(temporary, target)
        sync_folder(data.corpora)
    except OSError as error:
        raise ValueError(f"Cannot copy into the library: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            if temporary.is_dir():
                shutil.rmtree(temporary)
            else:
                temporary.unlink(missing_ok=True)
    return target


def delete_text(path: Path, data: DataFolder) -> DeletedText:
    """Moves a file or folder of the library into the trash.

    Raises ValueError for anything else, and where it cannot be moved.
    """
    if Path(os.path.abspath(path)).parent != Path(os.path.abspath(data.corpora)):
        raise ValueError(f"{visible(str(path))} is not in the library: only those are deleted.")
    now = int(time.time())
    target = data.corpora / _TRASH / f"{path.name}~{now}-{secrets.token_hex(4)}"
    try:
        target.parent.mkdir(exist_ok=True)
        os.rename(path, target)
        sync_folder(data.corpora)
    except OSError as error:
        raise ValueError(f"Cannot delete {visible(path.name)}: {error.strerror}.") from error
    return DeletedText(target, path, float(now))


def restore_text(deleted: DeletedText) -> Path:
    """Brings a text back to its place. Raises ValueError if that is taken, or it is gone."""
    shown = visible(deleted.original.name)
    if os.path.lexists(deleted.original):
        raise ValueError(f"{shown} cannot come back: another text has that name now. Rename that.")
    try:
        os.rename(deleted.path, deleted.original)
        sync_folder(deleted.original.parent)
    except OSError as error:
        raise ValueError(f"Cannot bring back {shown}: {error.strerror}.") from error
    return deleted.original


def deleted_texts(data: DataFolder) -> list[DeletedText]:
    """What lies in the trash, the last deleted first."""
    found = []
    trash = data.corpora / _TRASH
    try:
        names = os.listdir(trash)
    except OSError:  # nothing was ever deleted
        return []
    for name in names:
        match = _IN_TRASH.fullmatch(name)
        if match is not None:
            found.append(DeletedText(trash / name, data.corpora / match[1], float(match[2])))
    return sorted(found, key=lambda deleted: (deleted.deleted, deleted.path.name), reverse=True)


def empty_text_trash(data: DataFolder, older_than: float = KEPT_SECONDS) -> list[DeletedText]:
    """Removes for good what was deleted at least `older_than` seconds ago, and returns it.

    Raises OSError where the system refuses.
    """
    now = time.time()
    old = [deleted for deleted in deleted_texts(data) if now - deleted.deleted >= older_than]
    for deleted in old:
        if deleted.path.is_dir() and not deleted.path.is_symlink():
            shutil.rmtree(deleted.path)
        else:
            deleted.path.unlink()
    return old


def _free_place(folder: Path, stem: str, ending: str) -> Path:
    """The stem with its ending, with a number behind it where that, or a text, is there."""
    stem = stem.lstrip(".") or "text"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 10_000))
    for name in names:
        places = [folder / (name + end) for end in (ending, ".txt", "")]
        if not any(os.path.lexists(place) for place in places):
            return places[0]
    raise ValueError(f"There are too many texts of the name {visible(stem)}.")


def _copy(source: Path, target: Path, should_stop: ShouldStop) -> None:
    with open(source, "rb") as read, open(target, "xb") as written:
        while block := read.read(_BLOCK_BYTES):
            check_cancelled(should_stop)
            written.write(block)
        written.flush()
        os.fsync(written.fileno())
