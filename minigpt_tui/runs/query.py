"""Filter expressions over runs: `lr>=1e-3 corpus:stories state:completed loss<2 name`.

A query is terms that must all hold, with spaces between them. A term is a field, an operator and a
value, or a bare text, which is sought in names and notes. Fields are the settings of a
configuration and the columns of the list of runs, by their names or any beginning of one that
says which is meant. Capitals make no difference.

    number    `<` `<=` `>` `>=` `=` `!=`; `10k`, `3M`, `1G` and `1e-3` are numbers
    duration  the same, as `30min`, `5h`, `2d` or `1w`
    text      `:` contains, `=` is, `!=` is not

`none` (`=` and `!=`) stands for what is not set or not known. A value with spaces stands in double
quotes, in which a backslash takes the next sign literally.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass

from minigpt_tui.settings import settings

Value = float | str | tuple[str, ...] | None
"""What a run has under a field; of several texts any may match."""
Facts = Callable[[str], Value]
"""The value of a run under the name of a field."""

NUMBER, DURATION, TEXT = "number", "duration", "text"

COLUMNS: dict[str, str] = {
    "name": TEXT,
    "state": TEXT,
    "corpus": TEXT,
    "shape": TEXT,
    "parameters": NUMBER,
    "loss": NUMBER,
    "bits_per_byte": NUMBER,
    "tokens_per_second": NUMBER,
    "age": DURATION,
    "step": NUMBER,
    "epoch": NUMBER,
    "notes": TEXT,
}
"""The columns of the list of runs and their kinds; `loss` is the best validation loss."""

MAX_CHARACTERS = 1000
_BARE_FIELDS = ("name", "notes")
_TERM = re.compile(r"([A-Za-z_]\w*)(<=|>=|!=|<|>|=|:)", re.ASCII)
_NUMBER = re.compile(
    r"([+-]?(?:[0-9]{1,40}(?:\.[0-9]{0,40})?|\.[0-9]{1,40})(?:e[+-]?[0-9]{1,4})?) ?([a-z]*)",
    re.ASCII | re.IGNORECASE,
)
_SCALES = {
    NUMBER: {"": 1.0, "k": 1e3, "m": 1e6, "g": 1e9},
    DURATION: {"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86_400.0, "w": 604_800.0},
}
_UNSET = "none"


class QueryError(ValueError):
    """A query that cannot be read; `start` and `end` bound the faulty part, counted from 0.

    `before` are the terms before the faulty one.
    """

    def __init__(self, sentence: str, start: int, end: int) -> None:
        super().__init__(sentence)
        self.start = start
        self.end = end
        self.before = Query()


@dataclass(frozen=True)
class Term:
    """`value` is a number, a text, or None for `none`. Without a field it is a bare text."""

    field: str
    operator: str
    value: float | str | None

    def __str__(self) -> str:
        if not self.field:
            assert isinstance(self.value, str)
            return _printed(self.value, bare=True)
        if self.value is None:
            value = _UNSET
        elif isinstance(self.value, float):
            value = repr(self.value).removesuffix(".0")
            value += "s" if fields()[self.field] == DURATION else ""
        else:
            value = _printed(self.value)
        return f"{self.field}{self.operator}{value}"

    def holds(self, facts: Facts) -> bool:
        """Whether a run meets the term. What is unknown meets only `=none` and `!=`."""
        if not self.field:
            return any(_contains(facts(name), str(self.value)) for name in _BARE_FIELDS)
        found = facts(self.field)
        match self.operator:
            case ":":
                return _contains(found, str(self.value))
            case "=":
                return _equals(found, self.value)
            case "!=":
                return not _equals(found, self.value)
        if not isinstance(found, float | int) or not isinstance(self.value, float):
            return False
        match self.operator:
            case "<":
                return found < self.value
            case "<=":
                return found <= self.value
            case ">":
                return found > self.value
            case ">=":
                return found >= self.value
        raise AssertionError(self.operator)


@dataclass(frozen=True)
class Query:
    """Terms that must all hold; without any, every run matches. `str` gives it back as text."""

    terms: tuple[Term, ...] = ()

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def matches(self, facts: Facts) -> bool:
        return all(term.holds(facts) for term in self.terms)


def fields() -> dict[str, str]:
    """Every field and its kind. Where a column has the name of a setting, the column is meant."""
    kinds = {
        name: NUMBER if this.kind in (int, float) else TEXT for name, this in settings().items()
    }
    return kinds | COLUMNS


def parse_query(text: str) -> Query:
    """The query that a text means. Raises QueryError with a sentence and the place of the fault."""
    if len(text) > MAX_CHARACTERS:
        raise QueryError(f"A filter has {MAX_CHARACTERS} characters at most.", 0, len(text))
    terms: list[Term] = []
    for start, end in _parts(text):
        try:
            terms.append(_term(text, start, end))
        except QueryError as error:
            error.before = Query(tuple(terms))
            raise
    return Query(tuple(terms))


def _parts(text: str) -> list[tuple[int, int]]:
    """Where the terms begin and end: at spaces that are not within quotes."""
    found: list[tuple[int, int]] = []
    start = quote = None
    place = 0
    while place < len(text):
        sign = text[place]
        if quote is None and sign.isspace():
            if start is not None:
                found.append((start, place))
                start = None
        else:
            start = place if start is None else start
            if sign == '"':
                quote = place if quote is None else None
            elif sign == "\\" and quote is not None:
                place += 1
        place += 1
    if quote is not None:
        raise QueryError("This quote has no end.", quote, len(text))
    if start is not None:
        found.append((start, len(text)))
    return found


def _term(text: str, start: int, end: int) -> Term:
    part = text[start:end]
    match = _TERM.match(part)
    if match is None:
        if part[0] in "<>=!:":
            raise QueryError(f"Before “{part[:2]}” a field is missing.", start, end)
        return Term("", ":", _unquoted(part))
    typed, operator = match[1], match[2]
    field = _field(typed.lower(), start, start + len(typed))
    kind = fields()[field]
    written = part[match.end() :]
    value_start = start + match.end()
    if not written:
        example = {NUMBER: "a number", DURATION: "a time such as 2d", TEXT: "a text"}[kind]
        raise QueryError(f"After {typed}{operator} {example} is missing.", start, end)
    if kind == TEXT:
        if operator not in (":", "=", "!="):
            raise QueryError(
                f"{field} is a text: use : (contains), = or !=.",
                start + len(typed),
                value_start,
            )
        unset = written.lower() == _UNSET and operator != ":"
        return Term(field, operator, None if unset else _unquoted(written))
    operator = "=" if operator == ":" else operator
    if written.lower() == _UNSET and operator in ("=", "!="):
        return Term(field, operator, None)
    return Term(field, operator, _number(field, kind, _unquoted(written), value_start, end))


def _field(typed: str, start: int, end: int) -> str:
    """The field that a name or its beginning means."""
    names = fields()
    if typed in names:
        return typed
    begun = sorted((name for name in names if name.startswith(typed)), key=len)
    if len(begun) == 1:
        return begun[0]
    if begun:
        raise QueryError(f"“{typed}” may be {' or '.join(begun[:4])}.", start, end)
    near = difflib.get_close_matches(typed, names, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"There are {', '.join(list(COLUMNS)[:7])} …"
    raise QueryError(f"There is no field “{typed}”. {hint}", start, end)


def _number(field: str, kind: str, written: str, start: int, end: int) -> float:
    match = _NUMBER.fullmatch(written)
    scales = _SCALES[kind]
    if match is None or match[2].lower() not in scales:
        shown = "30min, 5h, 2d or 1w" if kind == DURATION else "12, 1e-3 or 10k"
        raise QueryError(f"{field} takes a {kind} such as {shown}.", start, end)
    number = float(match[1]) * scales[match[2].lower()]
    if not math.isfinite(number):
        raise QueryError(f"This is too large for {field}.", start, end)
    return number


def _contains(found: Value, sought: str) -> bool:
    texts = found if isinstance(found, tuple) else (found,)
    return any(isinstance(t, str) and sought.casefold() in t.casefold() for t in texts)


def _equals(found: Value, value: float | str | None) -> bool:
    if value is None:
        return found is None or found in ("", ())
    if isinstance(value, float):
        return isinstance(found, float | int) and float(found) == value
    texts = found if isinstance(found, tuple) else (found,)
    return any(isinstance(t, str) and t.casefold() == value.casefold() for t in texts)


def _unquoted(written: str) -> str:
    """The text that a part of a query stands for: without its quotes and escapes."""
    text = []
    inside = False
    signs = iter(written)
    for sign in signs:
        if sign == '"':
            inside = not inside
        elif sign == "\\" and inside:
            text.append(next(signs, ""))
        else:
            text.append(sign)
    return "".join(text)


def _printed(text: str, *, bare: bool = False) -> str:
    """A text as a query writes it: in quotes where it would be read as anything else."""
    plain = bool(text) and not any(sign.isspace() or sign in '"\\' for sign in text)
    reserved = text.lower() == _UNSET
    if bare:
        reserved = _TERM.match(text) is not None or text[:1] in "<>=!:"
    if plain and not reserved:
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
