"""Loss curves that other programs wrote: a folder of TensorBoard, or a CSV with a row a step.

The curves are recognised by what they are called: a training loss, and a loss of the held-out
text, whose name says val, eval, valid or test.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

import numpy as np
import numpy.typing as npt

from minigpt_tui.interop.loggers import FOLDERS
from minigpt_tui.interop.tensorboard_files import read_scalars
from minigpt_tui.text.safe import visible

EVENT_FILES = "*tfevents*"
MOST_ROWS = 1_000_000
MOST_STEPS = 1e15
_STEPS = ("step", "steps", "global_step", "iter", "iteration", "iterations", "_step")
_HELD_OUT = ("val", "eval", "valid", "test", "dev")
_TRAINING = ("train", "training")
_NAMED = 8

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WrittenCurve:
    """`train` and `val` are (steps [n], losses [n]), steps ascending; either may be empty."""

    name: str
    train: tuple[Floats, Floats]
    val: tuple[Floats, Floats]


Points = dict[str, list[tuple[float, float]]]
"""(step, value) of each figure, by its name."""


def read_curves(path: Path) -> list[WrittenCurve]:
    """The curves at a path: those of every run in a folder of TensorBoard, or of every run in a
    CSV (a column `run` parts them), by name.

    Raises ValueError that says what is missing: no such file, no steps, no loss.
    """
    try:
        if path.is_dir():
            return _of_folder(path)
        if path.suffix.lower() == ".csv":
            return _of_csv(path)
        if path.is_file():
            return _curves({path.stem: _points([path])}, path)
    except OSError as error:
        raise ValueError(f"Cannot read {visible(str(path))}: {error.strerror}.") from error
    raise ValueError(f"There is no file or folder {visible(str(path))}.")


def _of_folder(folder: Path) -> list[WrittenCurve]:
    by_run: dict[Path, list[Path]] = {}
    for file in sorted(folder.rglob(EVENT_FILES)):
        by_run.setdefault(file.parent, []).append(file)
    if not by_run:
        raise ValueError(f"{visible(str(folder))} has no event files of TensorBoard.")
    found = {}
    for run, files in by_run.items():
        named = run.parent if run.name == FOLDERS["tensorboard"] else run  # one of this program
        inside = named.is_relative_to(folder) and named != folder
        name = str(named.relative_to(folder)) if inside else named.name
        found[name] = _points(files)
    return _curves(found, folder)


def _points(files: Sequence[Path]) -> Points:
    """The figures of a run's event files, in the order in which they were begun."""
    found: Points = {}
    for file in files:
        for step, tag, value in read_scalars(file):
            if step <= MOST_STEPS:
                found.setdefault(tag, []).append((float(step), value))
    return found


def _of_csv(path: Path) -> list[WrittenCurve]:
    runs: dict[str, Points] = {}
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            columns = list(rows.fieldnames or ())
            steps = next((c for c in columns if c.strip().lower() in _STEPS), None)
            if steps is None:
                raise ValueError(
                    f"{visible(str(path))} has no column of steps (step, iter or global_step). "
                    f"It has: {_listed(columns)}."
                )
            for number, row in enumerate(rows):
                if number == MOST_ROWS:
                    raise ValueError(
                        f"{visible(str(path))} has more than {MOST_ROWS:,} rows. "
                        "Leave out steps: a plot has no place for so many."
                    )
                step = _number(row[steps])
                if step is None or not 0 <= step <= MOST_STEPS:
                    raise ValueError(
                        f"{visible(str(path))}, row {number + 1:,}: the step is no number of steps."
                    )
                points = runs.setdefault(row.get("run") or path.stem, {})
                for column in columns:
                    value = _number(row[column]) if column != steps else None
                    if value is not None:
                        points.setdefault(column, []).append((step, value))
    except (UnicodeDecodeError, csv.Error) as error:
        raise ValueError(f"{visible(str(path))} is no CSV: {visible(str(error))}.") from error
    if not runs:
        raise ValueError(f"{visible(str(path))} has no rows.")
    for name, points in runs.items():
        # TensorBoard's own download has its figure under `Value`.
        named = {"loss" if c.strip().lower() == "value" else c: p for c, p in points.items()}
        runs[name] = {c: sorted(p, key=itemgetter(0)) for c, p in named.items()}
    return _curves(runs, path)


def _curves(runs: Mapping[str, Points], path: Path) -> list[WrittenCurve]:
    """The curves of those runs that have a loss. Raises ValueError where none has."""
    curves = [_curve(name, points) for name, points in runs.items() if any(map(_is_loss, points))]
    if not curves:
        tags = dict.fromkeys(tag for points in runs.values() for tag in points)
        raise ValueError(
            f"{visible(str(path))} has no figure that is called a loss. It has: {_listed(tags)}."
        )
    return curves


def _is_loss(tag: str) -> bool:
    return "loss" in tag.lower()


def _curve(name: str, points: Points) -> WrittenCurve:
    losses = list(filter(_is_loss, points))
    held_out = [tag for tag in losses if _says(tag, _HELD_OUT)]
    train = [tag for tag in losses if tag not in held_out]
    train.sort(key=lambda tag: (not _says(tag, _TRAINING), len(tag)))
    held_out.sort(key=len)
    return WrittenCurve(
        name,
        _ascending(points[train[0]] if train else ()),
        _ascending(points[held_out[0]] if held_out else ()),
    )


def _says(tag: str, words: Iterable[str]) -> bool:
    parts = tag.lower().replace("/", " ").replace("_", " ").replace("-", " ").split()
    return any(part.startswith(word) for part in parts for word in words)


def _ascending(points: Sequence[tuple[float, float]]) -> tuple[Floats, Floats]:
    """Where a step comes again, a run was taken up there: what came after it is void."""
    kept: list[tuple[float, float]] = []
    for point in points:
        while kept and kept[-1][0] >= point[0]:
            kept.pop()
        kept.append(point)
    array = np.array(kept, dtype=np.float64).reshape(-1, 2)
    return array[:, 0], array[:, 1]


def _number(text: str | None) -> float | None:
    try:
        value = float(text) if text else math.nan
    except ValueError:
        return None
    return None if math.isnan(value) else value


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return visible(", ".join(names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
