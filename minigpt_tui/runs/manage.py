"""What a person may do to a run: rename, note, pin, delete, and take the deletion back.

A deleted run is moved into the trash, a hidden folder beside the runs (so that the move is one
rename, on whatever disk the runs are), and stays there for a week.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.paths import DataFolder, check_name
from minigpt_tui.regular_file import open_regular
from minigpt_tui.runs.atomic import sync_folder, write_atomic
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.lock import is_locked
from minigpt_tui.runs.status import read_status
from minigpt_tui.text.safe import visible

KEPT_SECONDS = 7 * 86_400.0
"""How long a deleted run can be brought back."""
MAX_NOTES_BYTES = 64 * 1024

_TRASH = ".trash"
_IN_TRASH = re.compile(r"(.+)~([0-9]{1,12})-[0-9a-f]{8}")


@dataclass(frozen=True)
class DeletedRun:
    """A run in the trash: where it lies, the name it had, when it was deleted (since 1970)."""

    path: Path
    name: str
    deleted: float


def rename_run(run: RunFolder, name: str) -> RunFolder:
    """The run under another name. Raises ValueError if the name is unsafe or taken, or the run
    is being trained, or the folder cannot be renamed."""
    target = run.path.with_name(check_name(name, "name of a run"))
    if target == run.path:
        return run
    _refuse_while_live(run, "renamed")
    if os.path.lexists(target):
        raise ValueError(f"There is already a run “{name}”. Choose another name.")
    _move(run.path, target, f"rename the run {visible(run.name)}")
    return RunFolder(target)


def delete_run(run: RunFolder) -> DeletedRun:
    """Moves a run into the trash. Raises ValueError if it is being trained or cannot be moved."""
    _refuse_while_live(run, "deleted")
    trash = run.path.parent / _TRASH
    now = int(time.time())
    target = trash / f"{run.name}~{now}-{secrets.token_hex(4)}"
    doing = f"delete the run {visible(run.name)}"
    try:
        trash.mkdir(exist_ok=True)
    except OSError as error:
        raise ValueError(f"Cannot {doing}: {error.strerror}.") from error
    _move(run.path, target, doing)
    return DeletedRun(target, run.name, float(now))


def restore_run(data: DataFolder, deleted: DeletedRun) -> RunFolder:
    """Brings a deleted run back. Raises ValueError if its name is taken, or it is gone."""
    shown = visible(deleted.name)
    target = data.runs / deleted.name
    if os.path.lexists(target):
        raise ValueError(f"{shown} cannot come back: another run has that name now. Rename that.")
    _move(deleted.path, target, f"bring back the run {shown}")
    return RunFolder(target)


def deleted_runs(data: DataFolder) -> list[DeletedRun]:
    """What lies in the trash, the last deleted first."""
    found = []
    try:
        names = os.listdir(data.runs / _TRASH)
    except OSError:  # nothing was ever deleted
        return []
    for name in names:
        match = _IN_TRASH.fullmatch(name)
        if match is not None:
            found.append(DeletedRun(data.runs / _TRASH / name, match[1], float(match[2])))
    return sorted(found, key=lambda deleted: (deleted.deleted, deleted.path.name), reverse=True)


def empty_trash(data: DataFolder, older_than: float = KEPT_SECONDS) -> list[DeletedRun]:
    """Removes for good what was deleted at least `older_than` seconds ago, and returns it.

    Raises OSError where the system refuses.
    """
    now = time.time()
    old = [deleted for deleted in deleted_runs(data) if now - deleted.deleted >= older_than]
    for deleted in old:
        if deleted.path.is_symlink():
            deleted.path.unlink()
        else:
            shutil.rmtree(deleted.path)
    return old


def notes_file(run: RunFolder) -> Path:
    return run.path / "notes.txt"


def read_notes(run: RunFolder) -> str:
    """What somebody wrote about the run; empty without notes. Of a huge file only the beginning.

    Raises ValueError if there are notes that cannot be read.
    """
    try:
        with open_regular(notes_file(run)) as file:
            return file.read(MAX_NOTES_BYTES).decode("utf-8", "replace").strip()
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise ValueError(
            f"Cannot read the notes of {visible(run.name)}: {error.strerror}."
        ) from error


def write_notes(run: RunFolder, text: str) -> None:
    """Replaces the notes; an empty text removes them. Raises ValueError if it is too long or the
    folder cannot be written; then the old ones stay."""
    raw = text.strip().encode("utf-8", "replace")
    if len(raw) > MAX_NOTES_BYTES:
        raise ValueError(f"Notes have at most {MAX_NOTES_BYTES:,} bytes; these have {len(raw):,}.")
    try:
        if raw:
            write_atomic(notes_file(run), raw + b"\n")
        else:
            notes_file(run).unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(
            f"Cannot write the notes of {visible(run.name)}: {error.strerror}."
        ) from error


def is_pinned(run: RunFolder) -> bool:
    """Whether the run is kept at the top of the list."""
    return _pin(run).is_file()


def set_pinned(run: RunFolder, pinned: bool) -> None:
    """Pins a run, or lets go of it. Raises ValueError if the folder cannot be written."""
    try:
        if pinned:
            _pin(run).touch()
        else:
            _pin(run).unlink(missing_ok=True)
    except OSError as error:
        raise ValueError(f"Cannot pin {visible(run.name)}: {error.strerror}.") from error


def _pin(run: RunFolder) -> Path:
    return run.path / "pinned"


def _refuse_while_live(run: RunFolder, what: str) -> None:
    """Looks at the lock and at the status: on another host only the latter tells."""
    if is_locked(run) or read_status(run).live:
        raise ValueError(
            f"{visible(run.name)} is being trained and cannot be {what}: stop it first."
        )


def _move(source: Path, target: Path, doing: str) -> None:
    try:
        os.rename(source, target)
        sync_folder(target.parent)
        if source.parent != target.parent:
            sync_folder(source.parent)
    except FileNotFoundError as error:
        raise ValueError(f"Cannot {doing}: it does not exist any more.") from error
    except OSError as error:
        raise ValueError(f"Cannot {doing}: {error.strerror}.") from error
