"""Which run torchrun's processes were training when one of them died and all are started again.

torchrun starts the same command anew, so a new run would begin. The first process therefore notes
the run that it made under what identifies the torchrun, and finds it there after a restart.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from minigpt_tui.paths import MAX_NAME_LENGTH, DataFolder
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import write_atomic
from minigpt_tui.runs.folder import RunFolder, find_run


def note_run(data: DataFolder, run: RunFolder) -> None:
    """Notes the run that these processes train."""
    note = _note(data)
    note.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(note, run.name.encode())


def forget_run(data: DataFolder) -> None:
    """Forgets what an earlier torchrun of the same identity trained."""
    _note(data).unlink(missing_ok=True)


def noted_run(data: DataFolder) -> RunFolder | None:
    """The run to go on with after a restart; None when none had begun.

    Raises ValueError when the run is gone.
    """
    try:
        with open_regular(_note(data)) as file:
            name = file.read(MAX_NAME_LENGTH).decode("utf-8", "replace")
    except FileNotFoundError:
        return None
    return find_run(data, name)


def _note(data: DataFolder) -> Path:
    names = ("TORCHELASTIC_RUN_ID", "MASTER_ADDR", "MASTER_PORT")
    identity = "\n".join(os.environ.get(name, "") for name in names)
    digest = hashlib.sha256(identity.encode()).hexdigest()[:16]
    return data.root / "cache" / "torchrun" / digest
