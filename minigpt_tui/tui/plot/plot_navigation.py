"""How a loss plot is looked at by keys and mouse: zoomed, panned, followed, on other axes.

Changes the `Look` and nothing else; the plot is then drawn anew.
"""

from __future__ import annotations

from dataclasses import replace

from minigpt_tui.tui.plot.plot_clock import KINDS
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.plot_look import Reach, between, followed, panned, zoomed
from minigpt_tui.tui.plot.plot_state import Look, Part
from minigpt_tui.tui.plot.plot_view import reach_of

ZOOM = 0.5
PAN = 0.25


class PlotNavigation:
    """Moves by what was last drawn: without a picture nothing but the axes can be chosen."""

    def __init__(self, look: Look, curve: Curve) -> None:
        self.look = look
        self.curve = curve
        self.reach: Reach | None = None
        """How far the plot could be looked at."""
        self._drawn: tuple[Axis, Reach, str] | None = None
        """The x axis of the picture, its reach, and what the axis counts."""

    @property
    def kind(self) -> str:
        """What the x axis counts: what was chosen, or steps where that was not recorded."""
        return self.look.kind if self.curve.knows(self.look.kind) else "step"

    def drawn(self, x: Axis | None, kind: str) -> None:
        """The picture has this x axis now; None: there is none."""
        self._drawn = None if x is None or self.reach is None else (x, self.reach, kind)

    def toggle_log(self) -> None:
        self.look.log_y = not self.look.log_y
        if self.look.part is not None:  # limits chosen on one scale mean little on the other
            self.look.part = replace(self.look.part, y=None)

    def toggle_log_x(self) -> None:
        self.look.log_x = not self.look.log_x
        self.look.part = None

    def next_kind(self) -> None:
        """The next axis that the run has figures for; the part that is seen stays."""
        before = self.kind
        kinds = [kind for kind in KINDS if self.curve.knows(kind)]
        self.look.kind = kinds[(kinds.index(before) + 1) % len(kinds)]
        part = self.look.part
        if part is not None:
            ends = (self.curve.step(before, end) for end in (part.lower, part.upper))
            lower, upper = (self.curve.place_of(self.look.kind, end) for end in ends)
            self.look.part = replace(part, lower=lower, upper=upper)

    def zoom(self, direction: int, cursor: int | None) -> bool:
        """Into the newest part, or around the cursor if there is one; whether it could be."""
        if self._drawn is None:
            return False
        x, reach, kind = self._drawn
        around = reach.newest
        if cursor is not None:
            around = self.curve.place_of(kind, cursor)
        elif not x.contains(around):
            around = x.value(0.5)
        return self.zoom_around(ZOOM if direction > 0 else 1 / ZOOM, around)

    def zoom_around(self, factor: float, place: float) -> bool:
        """Shows `factor` of the part that is seen, with a place of the axis where it was."""
        if self._drawn is None:
            return False
        x, reach, _ = self._drawn
        self.look.part = zoomed(x, reach, factor, place)
        return True

    def zoom_into(self, lower: float, upper: float, y: tuple[float, float] | None) -> bool:
        """Shows what lies between two places of the axis, and two losses where they are chosen."""
        if self._drawn is None:
            return False
        _, reach, _ = self._drawn
        part = between(reach, lower, upper)
        if y is not None:
            part = part or Part(lower, upper, follows=upper >= reach.newest)
            part = replace(part, y=y)
        self.look.part = part
        return True

    def pan(self, share: float) -> bool:
        """Moves by a share of what is seen."""
        part = self.look.part
        if self._drawn is None or part is None:
            return False
        x, reach, _ = self._drawn
        moved = panned(x, reach, share)
        self.look.part = replace(moved, y=part.y) if moved is not None else None
        return True

    def follow(self) -> bool:
        """Back to the newest step, with the zoom as it is."""
        if self._drawn is None or self.look.part is None:
            return False
        x, reach, _ = self._drawn
        self.look.part = followed(x, reach)
        return True

    def see_all(self) -> None:
        """Everything; from there to this run alone, if another one is longer."""
        alone = self.alone()
        self.look.part = alone if self.look.part is None else None

    def alone(self) -> Part | None:
        """The part of the axis that this run fills; None if that is all of it."""
        if self.reach is None:
            return None
        own = reach_of(self.curve, (), self.kind, self.look.log_x).whole
        return between(self.reach, own.lower, own.upper)

    def bring_into_sight(self, step: int) -> bool:
        """Moves as far as a step needs that is not seen; whether it was out of sight."""
        if self._drawn is None or not self.look.part:
            return False
        x, reach, kind = self._drawn
        beyond = x.fraction(self.curve.place_of(kind, step))
        if 0 <= beyond <= 1:
            return False
        self.look.part = panned(x, reach, beyond - (0.9 if beyond > 1 else 0.1))
        return True
