"""The lesson says what its runs showed: `python -m docs.lesson.pictures` made figures, pictures."""

from __future__ import annotations

import json

import pytest

from docs.lesson.pages import (
    FIGURES,
    FOLDER,
    PAGES,
    commands,
    figures_said,
    figures_seen,
    pictures,
    shown_lines_missing,
    stands_for,
)
from docs.lesson.pictures import SHOTS

KB = 1000
_PAGES = pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
_PRINTED: dict[str, list[str]] = json.loads(FIGURES.read_text(encoding="utf-8"))


@_PAGES
def test_a_page_shows_what_its_commands_printed(page):
    for command in commands(page):
        missing = shown_lines_missing(command.shown, _PRINTED[command.text])
        assert not missing, f"{command.text}\ndid not print {missing}"


@_PAGES
def test_a_figure_in_the_words_can_be_seen_on_the_page(page):
    seen = figures_seen(page)
    unseen = {said for said in figures_said(page) if not any(stands_for(said, s) for s in seen)}
    assert not unseen, f"in no answer and no picture of {page.name}: {sorted(unseen)}"


def test_the_recorded_answers_are_those_of_the_pages():
    typed = [command.text for page in PAGES for command in commands(page)]
    assert list(_PRINTED) == list(dict.fromkeys(typed))


def test_every_picture_is_made_shown_and_small():
    there = set(FOLDER.glob("*.svg"))
    assert there == {FOLDER / f"{name}.svg" for name in SHOTS}
    assert there == {picture for page in PAGES for picture in pictures(page)}
    sizes = {picture.name: picture.stat().st_size for picture in there}
    assert max(sizes.values()) <= 150 * KB, sizes
    assert sum(sizes.values()) <= 1500 * KB, sizes


def test_a_figure_stands_for_what_it_rounds():
    assert stands_for("1.57", "1.5732")
    assert stands_for("93,572", "93,572")
    assert not stands_for("1.58", "1.5732")
    assert not stands_for("1.573", "1.57")


def test_a_line_that_was_not_printed_is_missed():
    printed = ["loss 1.5", "✓ good", "done"]
    assert shown_lines_missing(["loss 1.5", "…", "done"], printed) == []
    assert shown_lines_missing(["loss 1.4", "done"], printed) == ["loss 1.4", "done"]
    assert shown_lines_missing(["done", "loss 1.5"], printed) == ["loss 1.5"]
