"""What may stand at the cursor of a command line, read off its parser.

Argparse has no public way to look into a parser; `_actions` and `_option_string_actions` have been
there unchanged since Python 2.7, and the other completion libraries read them too.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from minigpt_tui.config_files import preset_names
from minigpt_tui.paths import DataFolder, data_folder
from minigpt_tui.settings import settings


@dataclass(frozen=True)
class Candidate:
    """A word, and in a few words what it means."""

    value: str
    help: str = ""


FILES, FOLDERS = Candidate(":files"), Candidate(":folders")
NEW_NAMES = ("train", "sweep")
"""Commands whose --run is the name of a run that is not there yet."""


@dataclass
class _Place:
    """Where the words so far lead: the parser there, and what it waits for."""

    parser: argparse.ArgumentParser
    command: str
    positionals: list[argparse.Action]
    option: argparse.Action | None = None
    """The option that the next word may be a value of."""
    values: int = 0
    """How many values it has already."""
    used: frozenset[str] = frozenset()
    only_positionals: bool = False
    data_dir: str | None = None


def complete(parser: argparse.ArgumentParser, words: Sequence[str]) -> list[Candidate]:
    """The candidates for the last of the words after the program's name, which may be empty."""
    *before, current = words or [""]
    current = "" if current == "=" else current  # bash splits --flag=value in three
    place = _Place(parser, "", _positionals(parser))
    for word in before:
        _follow(place, word)
    found = [
        candidate
        for candidate in _at(place, current)
        if candidate in (FILES, FOLDERS) or candidate.value.startswith(current)
    ]
    return [one for one in dict.fromkeys(found) if one.value.isprintable()]


def _positionals(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    return [action for action in parser._actions if not action.option_strings]


def _follow(place: _Place, word: str) -> None:
    """Takes one more word, as the parser would."""
    if word == "=" and place.option is not None:
        return
    if word == "--" and not place.only_positionals:
        place.option, place.only_positionals = None, True
        return
    if word.startswith("-") and len(word) > 1 and not place.only_positionals:
        name, equals, value = word.partition("=")
        option = _option(place.parser, name)
        place.option, place.values = None, 0
        if option is not None:
            place.used |= {option.dest}
            if option.nargs != 0 and not equals:
                place.option = option
            if option.dest == "data_dir" and equals:
                place.data_dir = value
        return
    if place.option is not None:
        if place.option.dest == "data_dir":
            place.data_dir = word
        place.values += 1
        if place.option.nargs not in ("+", "*"):
            place.option = None
        return
    if not place.positionals:
        return
    action = place.positionals.pop(0)
    if isinstance(action, argparse._SubParsersAction) and word in action.choices:
        place.parser = action.choices[word]
        place.positionals = _positionals(place.parser)
        place.command = place.command or word


def _option(parser: argparse.ArgumentParser, name: str) -> argparse.Action | None:
    """The option of that name, or of the only name that begins like it."""
    options = parser._option_string_actions
    if name in options:
        return options[name]
    longer = [known for known in options if name.startswith("--") and known.startswith(name)]
    return options[longer[0]] if len(longer) == 1 else None


def _at(place: _Place, current: str) -> Iterator[Candidate]:
    name, equals, _ = current.partition("=")
    if current.startswith("--") and equals and not place.only_positionals:
        option = _option(place.parser, name)
        if option is not None and option.nargs != 0:
            for candidate in _values(option, place):
                if candidate not in (FILES, FOLDERS):
                    yield Candidate(f"{name}={candidate.value}", candidate.help)
        return
    is_option = current.startswith("-") and not place.only_positionals
    if place.option is not None and not is_option:
        yield from _values(place.option, place)
        if place.option.nargs not in ("?", "*") and not place.values:
            return
    if is_option:
        yield from _options(place)
        return
    if place.positionals:
        yield from _values(place.positionals[0], place)
    elif not place.only_positionals:
        yield from _options(place)


def _options(place: _Place) -> Iterator[Candidate]:
    """The options that can still be given, by their long names."""
    excluded = {
        action.dest
        for group in place.parser._mutually_exclusive_groups
        if any(action.dest in place.used for action in group._group_actions)
        for action in group._group_actions
    }
    for action in place.parser._actions:
        repeats = isinstance(action, argparse._AppendAction)
        taken = action.dest in place.used | excluded and not repeats
        if action.option_strings and action.help != argparse.SUPPRESS and not taken:
            longest = max(action.option_strings, key=len)
            yield Candidate(longest, _first_sentence(action.help or ""))


def _values(action: argparse.Action, place: _Place) -> Iterator[Candidate]:
    """What may stand as a value of an option or in a place."""
    if isinstance(action, argparse._SubParsersAction):
        helps = {choice.dest: choice.help for choice in action._choices_actions}
        for name in action.choices:
            yield Candidate(name, _first_sentence(helps.get(name) or ""))
        return
    if action.choices is not None:
        yield from (Candidate(str(choice)) for choice in action.choices)
        return
    setting = action.dest.removeprefix("setting_")
    if setting != action.dest and settings()[setting].choices:
        yield from (Candidate(choice) for choice in settings()[setting].choices)
        return
    kinds = str(action.metavar).split("|")
    names_a_run = action.dest == "run" and place.command not in NEW_NAMES
    if names_a_run or "RUN" in kinds:
        yield from _runs(place)
    if action.dest in NAMES:
        yield from NAMES[action.dest](place)
    if "FILE" in kinds or action.dest == "setting_corpus":
        yield FILES
    if "DIR" in kinds:
        yield FOLDERS


def _presets(place: _Place) -> Iterator[Candidate]:
    return (Candidate(name) for name in preset_names())


def _settings(place: _Place) -> Iterator[Candidate]:
    """Those of a run and those of the workbench, as `config explain` takes them."""
    from minigpt_tui.tui.remembered import described

    helps = {name: this.help for name, this in settings().items()}
    helps |= {name: this.help for name, this in described().items()}
    return (Candidate(name, _first_sentence(help)) for name, help in helps.items())


def _axes(place: _Place) -> Iterator[Candidate]:
    """Settings as `sweep --grid` takes them: the values follow the sign."""
    return (Candidate(f"{name}=", _first_sentence(this.help)) for name, this in settings().items())


def _runs(place: _Place) -> Iterator[Candidate]:
    """The names of the runs: a listing of one folder, for a key press waits for it."""
    folder = _data(place).runs
    names = (path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else ()
    return (Candidate(name) for name in sorted(names) if not name.startswith("."))


def _texts(place: _Place) -> Iterator[Candidate]:
    from minigpt_tui.text.library import library

    return (Candidate(path.stem) for path in library(_data(place)))


def _data(place: _Place) -> DataFolder:
    return data_folder(place.data_dir)


NAMES: Mapping[str, Callable[[_Place], Iterator[Candidate]]] = {
    "preset": _presets,
    "setting": _settings,
    "setting_corpus": _texts,
    "grid": _axes,
}
"""By the name under which argparse keeps a value: what it can be."""


def _first_sentence(help: str) -> str:
    """The beginning of a help text, in one line."""
    help = help.replace("%%", "%").split("\n")[0]
    return help.split(": ")[0].split(". ")[0].split(" (default")[0].rstrip(".")
