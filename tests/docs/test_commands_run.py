"""Every command of the pages, typed in its order by a reader with an empty data folder.

`python -m pytest -m docs`. What cannot be typed here stands in `NOT_TYPED` with its reason, and
what would take long is shortened by the flags in `SHORTENED`. All else runs as it is written.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.blocks import PAGES, Typed, calls, name, typed
from tests.docs.reader import Reader, differs
from tests.docs.readers_files import prepare

pytestmark = pytest.mark.docs

NOT_TYPED = {
    "python3 -m venv": "installs: .ci/run does what the README says there",
    "ssh ": "needs another machine",
    "python -m tests.": "the project's own trials, each a command with a time of its own",
}
"""Beginnings of commands, and why no test types them."""
SHORTENED = {
    "minigpt-tui train": "--steps 20",
    "minigpt-tui train --run better": "--steps 20",
    "minigpt-tui bench": "--seconds 2",
    "torchrun --standalone --nproc-per-node=2 -m minigpt_tui train --preset modern --name large": (
        "--steps 2 --batch-size 2 --n-layers 1 --max-seq-len 16"
    ),
}
"""Commands, and flags behind them that make the same thing small."""
MAY_ALSO_END_WITH = {
    "minigpt-tui doctor": 1,  # where something of this machine wants attention
    "minigpt-tui train --d-model 32768 --n-layers 100 --dry-run": 1,  # it is too large everywhere
}
INTERRUPTED = {"minigpt-tui train --preset tiny --epochs 20 --run long": "Epoch 2 Summary"}
"""Commands in which the page has ctrl+c pressed, and what they print before it."""
SAID_ELSEWHERE = {"docs/lesson"}
"""Pages that show texts which a model wrote: they are compared with what was recorded of it."""


def _read_together() -> dict[str, list[Path]]:
    """The pages that one reader reads after one another: those of the lesson, or one page."""
    found: dict[str, list[Path]] = {}
    for page in PAGES:
        lesson = page.parent.name == "lesson"
        found.setdefault(name(page.parent if lesson else page), []).append(page)
    return {title: pages for title, pages in found.items() if any(map(typed, pages))}


@pytest.mark.parametrize(("title", "pages"), _read_together().items(), ids=_read_together())
def test_a_reader_can_type_what_stands_there(title, pages, tmp_path):
    reader = Reader(tmp_path)
    prepare(reader, title)
    try:
        for command in (command for page in pages for command in typed(page)):
            if not _not_typed(command):
                printed = _type(reader, command)
                missing = differs(command.shown, printed) if title not in SAID_ELSEWHERE else None
                assert missing is None, f"{command}\ndoes not print {missing!r}, but:\n{printed}"
    finally:
        reader.leaves()


def test_the_exceptions_are_those_of_the_pages():
    """None stays in a list when its command has left the pages."""
    there = [command for page in PAGES for command in typed(page)]
    for beginning in NOT_TYPED:
        assert any(command.command.startswith(beginning) for command in there), beginning
    for listed in {**SHORTENED, **MAY_ALSO_END_WITH, **INTERRUPTED}:
        assert any(command.command == listed for command in there), listed


def _type(reader: Reader, command: Typed) -> str:
    """What the command prints, where that can be told."""
    ours = [] if command.language == "python" else calls(command)
    text = command.command
    if ours and ours[0][:1] in (["serve"], ["web"]):
        return reader.starts_a_server(text, command.shown)
    if ours and ours[0] in ([], ["--demo"]):
        return reader.opens(text)
    if text in INTERRUPTED:
        return reader.interrupts(text, after=INTERRUPTED[text])
    if command.language == "python":
        return reader.runs_python(text)
    return reader.types(
        f"{text} {SHORTENED.get(text, '')}", may_end_with=MAY_ALSO_END_WITH.get(text, 0)
    )


def _not_typed(command: Typed) -> bool:
    return any(command.command.startswith(beginning) for beginning in NOT_TYPED)
