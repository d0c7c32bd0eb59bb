"""What a promise is to the suite: a generator of cases, each of them kept or broken."""

from __future__ import annotations

import json
import random
import traceback
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

Cases = Iterator["Case"]
NOTES_LENGTH = 800


@dataclass(frozen=True)
class Case:
    """One thing that was done to the program. `fault` says how the promise was broken; "" if not.

    `what` names the case so that it can be done again.
    """

    what: str
    fault: str = ""


@dataclass(frozen=True)
class Trial:
    """How a promise is to be tried: where, how thoroughly, and with which dice.

    `only` is a part of the name of the cases wanted; a promise may pass over others unseen.
    `minutes` is for what goes by time alone: random input and the soak.
    """

    folder: Path
    long: bool = False
    seed: int = 0
    only: str = ""
    minutes: float | None = None

    def dice(self, *purpose: object) -> random.Random:
        return random.Random(f"{self.seed} {purpose}")

    def wants(self, what: str) -> bool:
        return self.only in what

    def some(self, few: int, many: int) -> int:
        """How many cases are tried: a few, or as many as a long trial affords."""
        return many if self.long else few


@dataclass(frozen=True)
class Promise:
    number: int
    title: str
    cases: Callable[[Trial], Cases]


class BrokenPromiseError(Exception):
    """What a case raises to say how the promise was broken."""


def expect(holds: object, sentence: str) -> None:
    """Raises BrokenPromiseError with the sentence unless it holds."""
    if not holds:
        raise BrokenPromiseError(sentence)


def tried(what: str, act: Callable[[], object]) -> Case:
    """The case of an act: broken by what `expect` says, and by any error whatever."""
    try:
        act()
    except BrokenPromiseError as broken:
        return Case(what, str(broken) + _notes(broken))
    except Exception as error:  # noqa: BLE001 - an error of any kind breaks the promise
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}:{where.lineno}"
        return Case(what, f"{type(error).__name__}: {error} ({place}){_notes(error)}")
    return Case(what)


def _notes(error: Exception) -> str:
    """What was added to an error, such as the smallest input that raises it."""
    return "".join(f"\n      {note}" for note in getattr(error, "__notes__", ()))[:NOTES_LENGTH]


def is_harmless(text: str) -> bool:
    """Whether there is nothing in a line of text that a terminal obeys, reorders or hides."""
    unsafe = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")
    return all(unicodedata.category(sign) not in unsafe for sign in text)


def refused_in_words(act: Callable[[], object]) -> str | None:
    """The sentence with which an act was refused; None if it was done.

    Raises BrokenPromiseError for a refusal that is no sentence; any other error goes through.
    """
    try:
        act()
    except (ValueError, OSError) as error:
        sentence = str(error)
        of_python = isinstance(error, UnicodeError | json.JSONDecodeError)
        expect(not of_python, f"{error!r} is no refusal")
        expect(len(sentence) > 10 and " " in sentence, f"no sentence: {error!r}")
        return sentence
    return None
