"""JSON from outside: bounded, and an object or an error in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from minigpt_tui.regular_file import open_regular
from minigpt_tui.text.safe import visible

# The vocabulary of a million tokens has some thirty million characters.
MAX_CHARACTERS = 128 * 2**20


def read_json(path: Path) -> Mapping[str, Any]:
    """The object in a JSON file. Raises ValueError that names the file and the fault."""
    shown = visible(str(path))
    try:
        with open_regular(path) as file:
            raw = file.read(MAX_CHARACTERS + 1)
    except OSError as error:
        raise ValueError(f"Cannot read {shown}: {error.strerror}.") from error
    try:
        return parsed_json(raw.decode("utf-8"), "content")
    except ValueError as error:
        raise ValueError(f"{shown} is no readable JSON.") from error


def parsed_json(text: str, what: str) -> Mapping[str, Any]:
    """The object in a JSON text.

    Raises ValueError, in words that go on from the file's name.
    """
    try:
        parsed = json.loads(text) if len(text) <= MAX_CHARACTERS else None
    except (ValueError, RecursionError) as error:
        raise ValueError(f"has no readable {what}") from error
    if not isinstance(parsed, Mapping):
        raise ValueError(f"has no readable {what}")
    return parsed
