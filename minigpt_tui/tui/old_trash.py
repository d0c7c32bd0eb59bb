"""At the start of the workbench: what was deleted more than a week ago goes for good."""

from __future__ import annotations

import logging

from minigpt_tui.jobs.texts import empty_text_trash
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.leftovers import remove_leftovers
from minigpt_tui.runs.manage import empty_trash
from minigpt_tui.text.safe import visible

log = logging.getLogger(__name__)


def empty_old_trash(data: DataFolder) -> None:
    """Removes what was deleted more than a week ago, and what killed processes left unfinished.

    A refusal is named in the log.
    """
    remove_leftovers(data)
    try:
        for deleted in empty_trash(data):
            log.info("%s was deleted more than a week ago and is gone now.", visible(deleted.name))
        for text in empty_text_trash(data):
            name = visible(text.original.name)
            log.info("%s was deleted more than a week ago and is gone now.", name)
    except OSError as error:
        log.warning("The trash cannot be emptied: %s", error)
