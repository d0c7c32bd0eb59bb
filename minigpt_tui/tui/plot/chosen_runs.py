"""Which other runs, and curves of other programs, lie over the one that
is watched, and the place of each.

A run keeps its place, and with it colour, pattern and letter, for as long as the window is open,
unless all places are taken by others. Nothing heavy is imported here: the workbench keeps it.
"""

from __future__ import annotations

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.tui.plot.outside_curve import OutsideCurve

Chosen = RunFolder | OutsideCurve

MOST_OVERLAYS = 6
"""As many as can be told apart."""


class ChosenRuns:
    """The runs that lie over the curve that is watched; kept by the workbench."""

    def __init__(self) -> None:
        self.slots: dict[Chosen, int] = {}
        """The chosen runs and their places."""
        self._last_slots: dict[Chosen, int] = {}

    def toggle(self, run: Chosen) -> bool:
        """Chooses a run, or lets go of it; says whether it is chosen now.

        Raises ValueError if there are as many as can be told apart.
        """
        if run in self.slots:
            del self.slots[run]
            return False
        self.add(run)
        return True

    def add(self, *runs: Chosen) -> None:
        """Raises ValueError if there are as many as can be told apart."""
        for run in runs:
            free = [slot for slot in range(MOST_OVERLAYS) if slot not in self.slots.values()]
            if run in self.slots:
                continue
            if not free:
                raise ValueError(
                    f"{MOST_OVERLAYS} runs can be told apart: take another one out first."
                )
            unused = [slot for slot in free if slot not in self._last_slots.values()]
            last = self._last_slots.get(run)
            self.slots[run] = last if last in free else (unused or free)[0]
            self._last_slots[run] = self.slots[run]
