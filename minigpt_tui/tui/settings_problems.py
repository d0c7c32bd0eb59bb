"""Says what of the settings file could not be taken up."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from textual.app import App

from minigpt_tui.paths import DataFolder

NAMED = 2
"""So many problems are named; of more the number is."""

log = logging.getLogger(__name__)


def announce_problems(app: App[None], data: DataFolder, problems: Sequence[str]) -> None:
    """One notice for all of them; the log has each. To be called once a start."""
    for problem in problems:
        log.warning("%s: %s", data.settings, problem)
    if problems:
        left = len(problems) - NAMED
        more = [f"{left} more: see the log."] if left > 0 else []
        words = "\n".join([*problems[:NAMED], *more])
        app.notify(words, title="settings.yaml", severity="warning", timeout=12, markup=False)
