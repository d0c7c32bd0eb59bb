"""What killed processes left behind in the data folder, removed at the next start."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.temporary_files import sweep_temporaries
from minigpt_tui.text.safe import visible

log = logging.getLogger(__name__)


def remove_leftovers(data: DataFolder) -> None:
    """Removes every unfinished file in the data folder whose writer is gone.

    What a living process writes stays. A refusal of the system is named in the log.
    """
    for folder in _folders(data):
        try:
            for path in sweep_temporaries(folder):
                log.info("%s was left unfinished and is removed.", visible(str(path)))
        except OSError as error:
            log.warning("Unfinished files stay in %s: %s", visible(str(folder)), error)


def _folders(data: DataFolder) -> Iterator[Path]:
    """The folders that this program writes into."""
    for folder, depth in (
        (data.root, 0),
        (data.corpora, 1),
        (data.vocabularies, 1),
        (data.runs, 1),
        (data.plots, 0),
        (data.exports, 0),
        (data.root / "cache", 1),
    ):
        yield folder
        if depth:
            # Links are not followed: nothing is removed outside of the data folder.
            yield from (
                inner
                for inner in sorted(folder.glob("*"))
                if inner.is_dir() and not inner.is_symlink()
            )
