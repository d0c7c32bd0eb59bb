"""Writes the loss plot that is seen to the data folder: a drawing, and the figures behind it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from minigpt_tui.runs.atomic import temporary_beside, write_atomic
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.plot.plot_csv import to_csv
from minigpt_tui.tui.plot.plot_data import PlotData


@dataclass(frozen=True)
class Exported:
    drawing: Path
    figures: Path


def write_plot(folder: Path, name: str, drawing: str, runs: Sequence[PlotData]) -> Exported:
    """Writes drawing and figures under a name; for a thread, as a run may be long.

    Raises ValueError if the folder cannot be written.
    """
    exported = Exported(folder / f"{name}.svg", folder / f"{name}.csv")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_atomic(exported.drawing, drawing.encode())
        _write_pieces(exported.figures, to_csv(runs))
    except OSError as error:
        raise ValueError(
            f"The plot cannot be written to {visible(str(folder))}: {error.strerror}."
        ) from error
    return exported


def _write_pieces(path: Path, pieces: Iterable[str]) -> None:
    """Piece by piece, for a run of a million steps is a hundred megabytes of text."""
    temporary = temporary_beside(path)
    try:
        with open(temporary, "x", encoding="utf-8", newline="") as file:
            file.writelines(pieces)
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
