"""The pages of docs/ and the README: their commands are ours, their links lead somewhere."""

from __future__ import annotations

import re
import tomllib

import pytest

from minigpt_tui.cli import build_parser
from minigpt_tui.config import parse_setting, preset_names, settings
from tests.docs.blocks import PAGES, ROOT, calls, fences, name, typed

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
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
def test_a_block_says_what_it_is(page):
    """Nothing to be typed hides in a block without a language, where no test would find it."""
    for line, language, _ in fences(page):
        known = {"sh", "console", "python", "text", "yaml", "json", "toml"}
        assert language in known, f"{name(page)}:{line}: {language!r}"


@_PAGES
def test_links_and_pictures_lead_to_files_of_the_project(page):
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
    for target in _LINK.findall(text):
        if re.match(r"(https?|mailto):", target):
            continue
        file, _, anchor = target.partition("#")
        found = (page.parent / file).resolve() if file else page
        assert found.exists(), f"{name(page)} leads to {target}"
        assert found.is_relative_to(ROOT)
        if anchor:
            assert anchor in _anchors(found.read_text(encoding="utf-8")), f"{name(page)}: {target}"


def _anchors(text: str) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def test_every_page_is_in_the_navigation():
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    named = {f"docs/{file}" for file in _files(site["nav"])}
    assert named == {name(page) for page in PAGES if name(page) != "README.md"}


def _files(nav: object) -> list[str]:
    if isinstance(nav, str):
        return [nav]
    parts = nav.values() if isinstance(nav, dict) else nav
    assert not isinstance(parts, object.__class__)
    return [file for part in parts for file in _files(part)]  # type: ignore[attr-defined]
