"""From fractions of an axis to the cells and dots of a plot's area.

0 is the middle of the first cell and 1 that of the last, as the frame of plotext has it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def dots_at(fractions: Floats, dots: int, cells: int) -> Floats:
    """Fractions as positions in dots, of which a cell has so many in this direction.

    Positions far outside are cut, so that they stay numbers that can be counted with.
    """
    placed: Floats = np.clip((0.5 + fractions * (cells - 1)) * dots, -1e6, 1e6)
    return placed


def cell_at(fraction: float, cells: int) -> int:
    """The cell of a fraction; the nearest one for a fraction outside the axis."""
    return min(max(int(0.5 + fraction * (cells - 1)), 0), cells - 1)
