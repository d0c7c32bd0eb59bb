"""The pages of docs/ and the README: their commands are ours, their links lead somewhere."""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from minigpt_tui.cli import build_parser
from minigpt_tui.config_files import preset_names
from minigpt_tui.settings import parse_setting, settings
from tests.docs.blocks import PAGES, ROOT, calls, fences, name, typed
from tests.reliability import __main__ as reliability

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_INLINE = re.compile(r"`([^`]+)`")
OF_OTHERS = {
    "--nproc-per-node",  # torchrun
    "--max-restarts",  # torchrun
}
"""Flags of other programs that the pages name."""
_PAGES = pytest.mark.parametrize("page", PAGES, ids=name)


@_PAGES
def test_every_command_has_the_flags_that_the_page_gives_it(page):
    parser = build_parser()
    for command in typed(page):
        for arguments in calls(command) if command.language != "python" else []:
            try:
                read = parser.parse_args(arguments)
            except SystemExit:
                pytest.fail(f"not understood: {command}")
            for setting in settings():
                value = getattr(read, f"setting_{setting}", None)
                if isinstance(value, str) and (setting, value) != ("batch_size", "auto"):
                    parse_setting(setting, value)
            assert getattr(read, "preset", None) in (None, *preset_names()), command


@_PAGES
def test_every_flag_that_the_words_name_exists(page):
    """Also `--patience 5` in the middle of a sentence is ours, or another program's."""
    for code in _INLINE.findall(_without_blocks(page)):
        if code.startswith("python -m "):  # the project's own programs
            continue
        for flag in re.findall(r"(?<!\S)--[a-z][a-z0-9-]*", code):
            assert flag in _FLAGS | OF_OTHERS, f"{name(page)}: {flag} in `{code}`"


@_PAGES
def test_every_file_of_the_code_that_the_words_name_exists(page):
    for code in _INLINE.findall(_without_blocks(page)):
        if re.fullmatch(r"[\w/]+/[\w/]*\.py", code):
            there = [folder / code for folder in (ROOT, ROOT / "minigpt_tui")]
            assert any(file.is_file() for file in there), f"{name(page)}: {code}"


@_PAGES
def test_a_block_says_what_it_is(page):
    """Nothing to be typed hides in a block without a language, where no test would find it."""
    for line, language, _ in fences(page):
        known = {"sh", "console", "python", "text", "yaml", "json", "toml"}
        assert language in known, f"{name(page)}:{line}: {language!r}"


@_PAGES
def test_links_and_pictures_lead_to_files_of_the_project(page):
    for target in _LINK.findall(_without_blocks(page)):
        if re.match(r"(https?|mailto):", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{name(page)} leads to {target}"
        assert found.is_relative_to(ROOT)
        if anchor:
            assert anchor in _anchors(found.read_text(encoding="utf-8")), f"{name(page)}: {target}"


def _flags(parser: argparse.ArgumentParser) -> set[str]:
    """Every flag of a command and of the commands below it."""
    found = set(parser._option_string_actions)
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            found |= set().union(*map(_flags, action.choices.values()))
    return found


_FLAGS = _flags(build_parser()) | _flags(reliability.build_parser())


def _without_blocks(page: Path) -> str:
    return re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_is_in_the_navigation():
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    named = {f"docs/{file}" for file in _files(site["nav"])}
    assert named == {name(page) for page in PAGES if name(page) != "README.md"}


def _files(nav: Any) -> list[str]:
    """The files that a part of the navigation names: a file, a list of parts, or parts by title."""
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    return [file for part in parts for file in _files(part)]
