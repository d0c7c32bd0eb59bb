"""What a reader of the pages would type: the fenced blocks of docs/ and the README, in order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")],
    key=lambda path: (path.parent, path.name != "index.md", path.name),
)
"""Every page, the README first, and in a folder its index first."""
_FENCE = re.compile(r"^```(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s+#\s.*$")
_ENDS = {"|", "||", "&&", ";", ">", ">>", "<", "&", "(", ")"}


@dataclass
class Typed:
    """A command as it stands on a page (continued lines are one), and the output shown under it.

    `language` is sh, console, or python: the whole block is then one program.
    """

    page: Path
    line: int
    language: str
    text: str
    shown: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{name(self.page)}:{self.line}: {self.text}"

    @property
    def command(self) -> str:
        """Without the comment that explains it to the reader."""
        return "\n".join(_COMMENT.sub("", one) for one in self.text.split("\n"))


def name(page: Path) -> str:
    """A page as the lists of the tests name it: `docs/start.md`."""
    return page.relative_to(ROOT).as_posix()


def fences(page: Path) -> Iterator[tuple[int, str, str]]:
    """Line, language and content of every fenced block."""
    text = page.read_text(encoding="utf-8")
    for match in _FENCE.finditer(text):
        yield text.count("\n", 0, match.start()) + 2, match[1], match[2]


def typed(page: Path) -> list[Typed]:
    """The commands and programs of a page, from its top to its end."""
    found = []
    for line, language, content in fences(page):
        if language == "python":
            found.append(Typed(page, line, language, content))
        elif language in ("sh", "console"):
            found += _commands(page, line, language, content)
    return found


def _commands(page: Path, line: int, language: str, content: str) -> list[Typed]:
    """In ```console a command begins with `$ `, and what follows is its output."""
    commands: list[Typed] = []
    unfinished = False
    for number, text in enumerate(content.splitlines(), start=line):
        starts = text.startswith("$ ") if language == "console" else bool(text.strip())
        if unfinished:
            commands[-1].text += "\n" + text
        elif starts and not text.startswith("#"):
            commands.append(Typed(page, number, language, text.removeprefix("$ ")))
        elif language == "console" and commands and not _explains(text):
            commands[-1].shown.append(text)
        unfinished = bool(commands) and commands[-1].text.endswith("\\") and (starts or unfinished)
    return commands


def _explains(text: str) -> bool:
    """Whether a line goes on with the comment behind the command above it."""
    return text.lstrip().startswith("# ")


def calls(command: Typed) -> list[list[str]]:
    """The arguments of every call of minigpt-tui in a command, also in a pipe or under torchrun."""
    lexer = shlex.shlex(command.command.replace("\\\n", " "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[list[str]] = []
    words: list[str] = []
    for word in [*lexer, ";"]:
        if word in _ENDS:
            found += _calls_of(words)
            words = []
        else:
            # An inner command (`eval "$(minigpt-tui …)"`) is one word of the outer one.
            found += [inner.split()[1:] for inner in re.findall(r"\$\((minigpt-tui [^)]*)\)", word)]
            words.append(word)
    return found


def _calls_of(words: list[str]) -> list[list[str]]:
    for place, word in enumerate(words):
        if Path(word).name == "minigpt-tui":
            return [words[place + 1 :]]
        if word == "minigpt_tui" and words[place - 1] == "-m":
            return [words[place + 1 :]]
    return []
