"""The mouse on a plot: a click reads, a drag zooms into a box, the wheel zooms, with shift it pans.

`PlotMouse` turns events into what the plot that it is a base of is to do, in cells.
"""

from __future__ import annotations

from dataclasses import dataclass

from textual import events
from textual.geometry import Offset, Region

from minigpt_tui.tui.plot.plot_canvas import PlotCanvas

WHEEL_ZOOM, WHEEL_PAN = 0.8, 0.1
TREMBLE = 2  # cells that a hand may move in a click


@dataclass(frozen=True)
class Box:
    """Cells of the widget, the first and the last ones; `flat` if only its columns are meant."""

    left: int
    right: int
    top: int
    bottom: int
    flat: bool


class PlotMouse(PlotCanvas):
    """The events of the mouse; what they mean is up to the plot."""

    box: Box | None = None
    """What the mouse is drawing now."""
    _drag: Offset | None = None
    _dragged = False
    """Whether the click that follows is the end of a drag."""

    @property
    def area(self) -> Region | None:
        """The cells of the curves; None while there is nothing to point at."""
        raise NotImplementedError

    def read_column(self, column: int) -> None:
        raise NotImplementedError

    def zoom_into(self, box: Box) -> None:
        raise NotImplementedError

    def zoom_around(self, column: int, factor: float) -> None:
        raise NotImplementedError

    def pan_by(self, share: float) -> None:
        raise NotImplementedError

    def drop_box(self) -> None:
        """Forgets what the mouse has begun."""
        self.release_mouse()
        self._drag = None
        if self.box is not None:
            self.box = None
            self.redraw()

    def on_click(self, event: events.Click) -> None:
        area, dragged = self.area, self._dragged
        self._dragged = False
        if area is None or dragged or event.button != 1:
            return
        if area.x <= event.x < area.right:
            self.read_column(event.x)

    def on_mouse_down(self, event: events.MouseDown) -> None:
        self._dragged = False
        if self.area is not None and event.button == 1:
            self._drag = event.offset

    def on_mouse_move(self, event: events.MouseMove) -> None:
        area = self.area
        if self._drag is None or area is None:
            return
        if event.button != 1:  # it was let go of elsewhere
            self.drop_box()
            return
        self.capture_mouse()
        box = _box(area, self._drag, event.offset)
        if box != self.box:
            self.box = box
            self.redraw()

    def on_mouse_up(self, event: events.MouseUp) -> None:
        box = self.box
        self.drop_box()
        if box is not None and self.area is not None:
            self._dragged = True
            self.zoom_into(box)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, WHEEL_ZOOM, -WHEEL_PAN)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1 / WHEEL_ZOOM, WHEEL_PAN)

    def _wheel(self, event: events.MouseEvent, factor: float, share: float) -> None:
        if self.area is None:
            return
        event.stop()
        if event.shift:
            self.pan_by(share)
        else:
            self.zoom_around(event.x, factor)


def _box(area: Region, start: Offset, end: Offset) -> Box | None:
    """The box from one cell to the other within the area. A drag along a line takes the whole
    height; a tremble is none."""
    left, right = sorted(min(max(x, area.x), area.right - 1) for x in (start.x, end.x))
    top, bottom = sorted(min(max(y, area.y), area.bottom - 1) for y in (start.y, end.y))
    if right - left < TREMBLE:
        return None
    if bottom - top < TREMBLE:
        return Box(left, right, area.y, area.bottom - 1, flat=True)
    return Box(left, right, top, bottom, flat=False)
