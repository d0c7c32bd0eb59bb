"""Asks which part of a text is to be shown: a place in it, in percent of the whole."""

from __future__ import annotations

import math
from collections.abc import Callable

from textual.app import App

from minigpt_tui.tui.widgets.line_dialog import LineDialog


def ask_share(app: App[None], go: Callable[[float], None]) -> None:
    """`go` is told the place, 0 (the beginning) to 1 (the end)."""
    dialog = LineDialog("Go to, in percent of the text", "", lambda typed: go(share_of(typed)))
    app.push_screen(dialog)


def share_of(typed: str) -> float:
    """`37`, `37 %` or `37.5%` as a share. Raises ValueError for what is none."""
    try:
        percent = float(typed.strip().removesuffix("%").replace(",", "."))
    except ValueError:
        percent = math.nan
    if not 0 <= percent <= 100:
        raise ValueError("Type a number from 0 (the beginning) to 100 (the end).")
    return percent / 100
