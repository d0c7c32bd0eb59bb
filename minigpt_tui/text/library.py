"""Finds corpora: files, folders and patterns on the disk, and names of the library.

The library is the folder `corpora` of the data folder, and then the texts that come with the
program. `poems` means `poems.txt`, the folder `poems`, or `poems` with another ending there.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Sequence
from pathlib import Path

from minigpt_tui.paths import DataFolder, sample_data_folder
from minigpt_tui.text.formats import IN_WORDS, is_text_name, split_name
from minigpt_tui.text.safe import visible

_NAMES_IN_AN_ERROR = 12


def find_corpus(names: Sequence[str], data: DataFolder) -> list[Path]:
    """The files that `names` mean, in their order, each once.

    An existing path wins: a file, whatever it is called, or a folder, which means its texts at any
    depth, sorted. Then the library is asked, and a pattern (`books/*.txt`, `**` for any depth)
    means the files that match it, sorted. Raises ValueError that says what was looked for and what
    there is.
    """
    if not names:
        raise ValueError("No corpus is named. Name one of the library, a file, or a folder.")
    found: dict[Path, Path] = {}
    for name in names:
        for path in _find_one(name, data):
            found.setdefault(_resolved(path), path)
    return list(found.values())


def library(data: DataFolder) -> list[Path]:
    """Every corpus file of the library: the user's first, then those of the program."""
    return [path for folder in _shelves(data) for path in _text_files(folder)]


def library_name(path: Path) -> str:
    """What a file of the library is called there: without `.txt`, which goes without saying."""
    return path.stem if path.suffix.lower() == ".txt" else path.name


def is_pattern(name: str) -> bool:
    """Whether a name can mean files whose names it does not spell out: by `*` and `?`.

    Brackets, which are frequent in names, stand for themselves.
    """
    return bool(set(name) & set("*?"))


def _find_one(name: str, data: DataFolder) -> list[Path]:
    try:
        here = _files_of(Path(name).expanduser()) if name.strip() else []
        return here or _find_in_library(name, data) or _matching(name) or _nothing(name, data)
    except (OSError, RuntimeError) as error:  # RuntimeError: no such user behind ~
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise ValueError(f"Cannot read {visible(name)}: {reason}.") from error


def _find_in_library(name: str, data: DataFolder) -> list[Path]:
    if Path(name).name != name or name in ("", ".", ".."):
        return []
    for folder in _shelves(data):
        for candidate in (folder / f"{name}.txt", folder / name, *_with_an_ending(folder, name)):
            if found := _files_of(candidate):
                return found
    return []


def _with_an_ending(folder: Path, name: str) -> list[Path]:
    """The texts of a shelf that have this name before their ending, sorted."""
    if "\0" in name or not folder.is_dir():
        return []
    return sorted(
        path
        for path in folder.iterdir()
        if is_text_name(path.name) and split_name(path.name)[0] == name
    )


def _matching(name: str) -> list[Path]:
    """The files that a pattern matches; no hidden ones that it does not spell out."""
    if not is_pattern(name) or "\0" in name:
        return []
    found = sorted(glob.glob(os.path.expanduser(name).replace("[", "[[]"), recursive=True))
    if files := [path for path in map(Path, found) if path.is_file()]:
        return files
    raise ValueError(f"No file matches “{visible(name)}”.")


def _nothing(name: str, data: DataFolder) -> list[Path]:
    known = [library_name(path) for path in library(data)]
    more = ", …" if len(known) > _NAMES_IN_AN_ERROR else ""
    raise ValueError(
        f"There is no file or folder “{visible(name)}”, and no corpus of that name in the library. "
        f"The library has: {visible(', '.join(known[:_NAMES_IN_AN_ERROR]))}{more}."
    )


def _files_of(path: Path) -> list[Path]:
    """The files that an existing path means; none if it does not exist."""
    if "\0" in str(path) or not path.exists():
        return []
    if path.is_dir():
        if files := _text_files(path):
            return files
        raise ValueError(f"The folder {visible(str(path))} has no {IN_WORDS}.")
    if not path.is_file():
        raise ValueError(f"{visible(str(path))} is neither a file nor a folder.")
    return [path]


def _text_files(folder: Path) -> list[Path]:
    """The texts of a folder at any depth, sorted; nothing that a link leads out to.

    Hidden ones are left out: the trash, and what macOS and editors put beside a file.
    """
    home = _resolved(folder)
    found: list[Path] = []
    if not folder.is_dir():
        return found
    for parent, folders, files in os.walk(folder, onerror=_report, followlinks=False):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in files:
            path = Path(parent) / name
            is_text = is_text_name(name)
            if is_text and path.is_file() and _resolved(path).is_relative_to(home):
                found.append(path)
    return sorted(found)


def _report(error: OSError) -> None:
    raise ValueError(
        f"Cannot read the folder {visible(str(error.filename))}: {error.strerror}."
    ) from error


def _shelves(data: DataFolder) -> tuple[Path, Path]:
    return data.corpora, sample_data_folder()


def _resolved(path: Path) -> Path:
    return Path(os.path.realpath(path))
