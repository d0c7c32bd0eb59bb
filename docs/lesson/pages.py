"""The pages of the lesson as a program reads them: commands, what they print, pictures, figures."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from pathlib import Path

FOLDER = Path(__file__).parent
FIGURES = FOLDER / "figures.json"
"""What every command of the lesson printed when the pictures were made."""
PAGES = sorted(FOLDER.glob("[0-9]-*.md"))
"""In the order in which they are read; each may use what the pages before it made."""

_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NOT_WORDS = re.compile(r"^```.*?^```$|`[^`]*`|\]\([^)]*\)", re.MULTILINE | re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]]*\]\(([^)]+\.svg)\)")
_SVG_WORDS = re.compile(r"<text [^>]*>([^<]*)</text>")
_NUMBER = re.compile(r"(?<![\d.,])\d+(?:,\d{3})*(?:\.\d+)?(?![\w,]*\d)")


@dataclass
class Command:
    """What a reader types, and the part of the answer that the page shows under it."""

    language: str
    """sh or console; python where the whole block is one program."""
    text: str
    shown: list[str] = field(default_factory=list)


def commands(page: Path) -> list[Command]:
    """The commands of a page; a line that ends in a backslash goes on in the next one.

    An answer stands under its command, or in a block of text behind it.
    """
    found: list[Command] = []
    for language, content in _FENCE.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            found.append(Command(language, content))
        elif language in ("sh", "console"):
            for line in content.splitlines():
                if found and found[-1].text.endswith("\\"):
                    found[-1].text += f"\n{line}"
                elif language == "sh" or line.startswith("$ "):
                    found.append(Command(language, line.removeprefix("$ ")))
                else:
                    found[-1].shown.append(line)
        elif language == "text":
            found[-1].shown += content.splitlines()
    return found


def pictures(page: Path) -> list[Path]:
    """The pictures that a page shows."""
    return [page.parent / name for name in _PICTURE.findall(page.read_text(encoding="utf-8"))]


def words_of(picture: Path) -> str:
    """What can be read on a picture of the screen."""
    parts = _SVG_WORDS.findall(picture.read_text(encoding="utf-8"))
    return html.unescape(" ".join(parts)).replace("\xa0", " ")


def figures_said(page: Path) -> set[str]:
    """The measured figures in a page's words: decimals, per cent, and numbers of four digits on.

    Code is left out: what is typed was chosen, not measured.
    """
    words = _NOT_WORDS.sub(" ", page.read_text(encoding="utf-8"))
    found = set()
    for match in _NUMBER.finditer(words):
        number, behind = match[0], words[match.end() : match.end() + 2]
        if "." in number or "," in number or behind.lstrip().startswith("%"):
            found.add(number)
    return found


def figures_seen(page: Path) -> set[str]:
    """The numbers that can be seen on a page: in the answers to commands, and in the pictures."""
    texts = ["\n".join(command.shown) for command in commands(page)]
    texts += [words_of(picture) for picture in pictures(page)]
    return {number for text in texts for number in _NUMBER.findall(text)}


def stands_for(said: str, seen: str) -> bool:
    """Whether a figure in the words is one that is seen, or that one rounded."""
    plain, exact = said.replace(",", ""), seen.replace(",", "")
    digits = len(plain.partition(".")[2])
    return f"{float(exact):.{digits}f}" == plain


def shown_lines_missing(shown: list[str], printed: list[str]) -> list[str]:
    """The lines of a shown answer that the recorded one does not have, in that order.

    A line `…` stands for any that were left out.
    """
    rest = iter(line.rstrip() for line in printed)
    return [line for line in shown if line.strip() not in ("", "…") and line not in rest]
