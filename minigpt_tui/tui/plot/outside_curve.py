"""A loss curve that another program wrote, to lie over a run's. Nothing heavy is imported here."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt_tui.tui.plot.plot_data import PlotData


@dataclass(frozen=True)
class OutsideCurve:
    """As it was when it was read: nobody is expected to go on writing it."""

    path: Path
    name: str
    data: PlotData = field(compare=False, repr=False)


def read_outside_curves(typed: str) -> list[OutsideCurve]:
    """The curves at a path that somebody typed: a folder of TensorBoard, or a CSV.

    Takes seconds for a large file. Raises ValueError with what is wrong.
    """
    from minigpt_tui.interop.curves import read_curves
    from minigpt_tui.tui.plot.plot_data import PlotData

    if not typed.strip():
        raise ValueError("Type the path of a TensorBoard folder or of a CSV.")
    try:
        path = Path(typed.strip()).expanduser().absolute()
    except RuntimeError as error:  # no such user behind ~
        raise ValueError(f"There is no such folder: {error}.") from error
    return [
        OutsideCurve(path, curve.name, PlotData(*curve.train, *curve.val, name=curve.name))
        for curve in read_curves(path)
    ]
