"""The texts that can be chosen: those of the program, the user's own, and recent ones of the disk.

Only the shelves themselves are listed, no folder below them is walked, so that the list is there
at once. What a choice holds is found when it is selected.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.paths import DataFolder, sample_data_folder
from minigpt_tui.text.formats import is_text_name
from minigpt_tui.text.library import find_corpus, is_pattern, library_name

PROGRAM, OWN, DISK = "With the program", "Your texts", "From the disk"
TOGETHER = "Together"
SHELVES = (PROGRAM, OWN, DISK)
RECENT_TEXTS = 8
_FIRST_SAMPLE = "sample_corpus"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TextChoice:
    """`names` are what `config.data.corpus` becomes; `label` is raw, as the disk has it."""

    shelf: str
    label: str
    names: tuple[str, ...]
    bytes: int | None = None
    """Size of a file; None for a folder and for what is not there."""


def text_choices(data: DataFolder, recent: Sequence[str]) -> list[TextChoice]:
    """Everything to choose from, shelf by shelf, and on each by name (recent ones newest first)."""
    samples = sorted(_on_shelf(PROGRAM, sample_data_folder(), data), key=_sample_order)
    own = sorted(_on_shelf(OWN, data.corpora, data), key=lambda choice: choice.label.casefold())
    taken = {choice.names for choice in (*samples, *own)}
    disk = [choice for path in recent if (choice := disk_choice((path,))).names not in taken]
    return [*samples, *own, *disk]


def disk_choice(names: tuple[str, ...]) -> TextChoice:
    """The choice of files or folders by their paths, whether they exist or not."""
    first = Path(names[0])
    more = f" +{len(names) - 1}" if len(names) > 1 else ""
    try:
        size = first.stat().st_size if first.is_file() and not more else None
        folder = os.sep if first.is_dir() else ""
    except (OSError, ValueError):  # ValueError: a NUL in the name
        size, folder = None, ""
    return TextChoice(DISK, (first.name or str(first)) + folder + more, names, size)


def together(choices: Sequence[TextChoice]) -> TextChoice:
    """Several texts as one, of which each keeps its place."""
    names = tuple(name for choice in choices for name in choice.names)
    known = [choice.bytes for choice in choices if choice.bytes is not None]
    size = sum(known) if len(known) == len(choices) else None
    first = choices[0].label
    return TextChoice(TOGETHER, f"{first} and {len(choices) - 1} more", names, size)


def choice_of(names: tuple[str, ...], choices: Sequence[TextChoice]) -> TextChoice:
    """The choice that a configuration's corpus means; one of the disk where none is listed."""
    return next((c for c in choices if c.names == names), None) or disk_choice(names)


def opened_choice(typed: str, data: DataFolder, choices: Sequence[TextChoice]) -> TextChoice:
    """The choice that a typed path means: a file, a folder of texts, a name of the library.

    Walks the folder, so it belongs into a worker. Raises ValueError that says what was looked for.
    """
    typed = typed.strip()
    if not typed:
        raise ValueError("Type the path of a text file or of a folder of texts.")
    found = find_corpus([typed], data)
    listed = {_only_file(choice, data): choice for choice in choices if choice.shelf != DISK}
    if len(found) == 1 and found[0].absolute() in listed:
        return listed[found[0].absolute()]
    path = os.path.abspath(Path(typed).expanduser())
    here = os.path.lexists(path) or is_pattern(typed)
    return choice_of((path,) if here else (typed,), choices)


def with_recent(recent: Sequence[str], choice: TextChoice) -> list[str]:
    """The recent texts of the disk after one more was opened; the newest first, each once."""
    if choice.shelf != DISK or len(choice.names) != 1:
        return list(recent)
    return [choice.names[0], *(path for path in recent if path != choice.names[0])][:RECENT_TEXTS]


def _on_shelf(shelf: str, folder: Path, data: DataFolder) -> Iterator[TextChoice]:
    """Files and folders right on a shelf; a folder is one text, of all its files."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if entry.is_dir():
                    yield TextChoice(shelf, entry.name + os.sep, (_shortest(entry, "", data),))
                elif is_text_name(entry.name) and entry.is_file():
                    name = library_name(Path(entry.name))
                    names = (_shortest(entry, name, data),)
                    yield TextChoice(shelf, name, names, entry.stat().st_size)
    except FileNotFoundError:  # the data folder is made when it is needed
        return
    except OSError as error:
        log.warning("%s cannot be listed: %s", folder, error)


def _shortest(entry: os.DirEntry[str], name: str, data: DataFolder) -> str:
    """The library's name of a text if it means just that; else its path.

    A folder keeps its path: its name would have to be looked up by walking it.
    """
    path = os.path.abspath(entry.path)
    if not name or os.path.lexists(Path(name).expanduser()):  # an existing path would win
        return path
    try:
        meant = find_corpus([name], data)
    except ValueError:
        return path
    return name if [os.path.abspath(file) for file in meant] == [path] else path


def _only_file(choice: TextChoice, data: DataFolder) -> Path | None:
    """The file of a choice on a shelf; None for a folder."""
    if choice.bytes is None:
        return None
    return find_corpus(choice.names, data)[0].absolute()


def _sample_order(choice: TextChoice) -> tuple[bool, str]:
    return choice.label != _FIRST_SAMPLE, choice.label.casefold()
