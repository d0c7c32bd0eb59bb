"""The pages that are written from the program say what the program does."""

import re

import pytest

from docs import keys, reference
from minigpt_tui.cli import build_parser
from minigpt_tui.server.openapi import document
from minigpt_tui.settings import settings


def test_the_page_of_keys_is_that_of_the_registry():
    assert keys.TARGET.read_text(encoding="utf-8") == keys.page(), "run python -m docs.keys"


@pytest.mark.parametrize("file", reference.pages())
def test_the_reference_is_that_of_the_program(file):
    written = (reference.FOLDER / file).read_text(encoding="utf-8")
    assert written == reference.pages()[file], "run python -m docs.reference"


def test_the_reference_leaves_nothing_out():
    pages = reference.pages()
    assert all(f"`{this.flag}`" in pages["settings.md"] for this in settings().values())
    paths = document("", vocab_size=None)["paths"]
    assert all(f" {path}\n" in pages["http.md"] for path in paths)
    commands = re.findall(r"^## (\w+)$", pages["commands.md"], re.MULTILINE)
    listed = re.findall(r"^    (\w+) ", build_parser().format_help(), re.MULTILINE)
    assert commands == listed
