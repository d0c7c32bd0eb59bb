"""A picture of the screen as text that a person can review and a diff can show.

It is read from the SVG that Textual exports. A snapshot file holds the characters, then for every
row which styles stand where (`a12b3`: twelve cells of a, three of b), then the styles: as they are
in the dark theme, and in the light one.
"""

from __future__ import annotations

import difflib
import html
import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.cells import cell_len

FOLDER = Path(__file__).parent / "snapshots"
REWRITE = "MINIGPT_TUI_REWRITE_SNAPSHOTS"
"""Set this environment variable to write the snapshots anew: then read what git shows."""

CELL_WIDTH, LINE_HEIGHT = 12.2, 24.4
_RULE = re.compile(r"\.\S+-(r\d+) \{([^}]*)\}")
_RECT = re.compile(r'<rect fill="([^"]+)" x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"[^>]*crisp')
_TEXT = re.compile(
    r'<text class="\S+-(r\d+)" x="([\d.]+)"[^>]*clip-path="url\(#\S+-line-(\d+)\)">([^<]*)</text>'
)
_SHORT = {"font-weight: bold": "bold", "font-style: italic": "italic"}


@dataclass(frozen=True)
class Picture:
    """Rows of cells: the character (empty behind a wide one) and the style in words."""

    characters: list[list[str]]
    styles: list[list[str]]

    def text(self) -> list[str]:
        return ["".join(row).rstrip() for row in self.characters]


def picture(svg: str, width: int, height: int) -> Picture:
    """The cells of a screen that was exported as SVG."""
    characters = [[" "] * width for _ in range(height)]
    behind = [["-"] * width for _ in range(height)]
    front = [[""] * width for _ in range(height)]
    rules = {name: _words(rule) for name, rule in _RULE.findall(svg)}
    for fill, x, y, long in _RECT.findall(svg):
        row = round((float(y) - 1.5) / LINE_HEIGHT)
        begin = round(float(x) / CELL_WIDTH)
        for column in range(begin, begin + round(float(long) / CELL_WIDTH)):
            behind[row][column] = fill
    for name, x, line, escaped in _TEXT.findall(svg):
        row, column = int(line), round(float(x) / CELL_WIDTH)
        for character in html.unescape(escaped).replace("\xa0", " "):
            cells = cell_len(character)
            if not cells:
                characters[row][column - 1] += character
                continue
            characters[row][column : column + cells] = [character, *[""] * (cells - 1)]
            front[row][column : column + cells] = [rules[name]] * cells
            column += cells
    styles = [
        [f"{ink} on {paper}" if ink else f"on {paper}" for ink, paper in zip(*rows, strict=True)]
        for rows in zip(front, behind, strict=True)
    ]
    return Picture(characters, styles)


def dump(dark: Picture, light: Picture, masks: Sequence[re.Pattern[str]] = ()) -> str:
    """Both pictures as one text. `masks` name what differs between machines: it shows as ▒."""
    text = _masked(dark.text(), masks)
    assert text == _masked(light.text(), masks), "the themes show different words"
    pairs = [list(zip(*rows, strict=True)) for rows in zip(dark.styles, light.styles, strict=True)]
    seen = list(dict.fromkeys(pair for row in pairs for pair in row))
    names = {pair: _name(place) for place, pair in enumerate(seen)}
    runs = ["".join(_runs([names[pair] for pair in row])) for row in pairs]
    legend = [f"{names[pair]:>2}  {pair[0]:<32}  {pair[1]}".rstrip() for pair in seen]
    return "\n".join([*text, "", "styles", *runs, "", "dark and light", *legend, ""])


def check(name: str, found: str) -> None:
    """Compares with the stored snapshot; a difference is shown row by row."""
    file = FOLDER / f"{name}.txt"
    if os.environ.get(REWRITE):
        FOLDER.mkdir(exist_ok=True)
        file.write_text(found, encoding="utf-8")
        return
    stored = file.read_text(encoding="utf-8") if file.exists() else ""
    if found != stored:
        lines = stored.splitlines(), found.splitlines()
        diff = difflib.unified_diff(*lines, f"{file.name}, stored", "the screen now", n=1)
        told = "\n".join(diff)
        raise AssertionError(
            f"The screen is another one than in {file.name}. If that is meant: {REWRITE}=1 "
            f"python -m pytest tests/tui/test_snapshots.py\n{told}"
        )


def _words(rule: str) -> str:
    """`fill: #fff;font-weight: bold` as `#fff bold`."""
    parts = [part.strip() for part in rule.split(";") if part.strip()]
    return " ".join(_SHORT.get(part, part.removeprefix("fill: ")) for part in parts)


def _masked(lines: list[str], masks: Sequence[re.Pattern[str]]) -> list[str]:
    for mask in masks:
        lines = [mask.sub(lambda match: "▒" * len(match[0]), line) for line in lines]
    return lines


def _name(place: int) -> str:
    """a, b, …, z, A, …, Z, then aa, ba, and so on: never a digit."""
    letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
    more, one = divmod(place, len(letters))
    return letters[one] + (letters[more - 1] if more else "")


def _runs(names: list[str]) -> list[str]:
    runs: list[tuple[str, int]] = []
    for name in names:
        if runs and runs[-1][0] == name:
            runs[-1] = name, runs[-1][1] + 1
        else:
            runs.append((name, 1))
    return [f"{name}{count}" for name, count in runs]
