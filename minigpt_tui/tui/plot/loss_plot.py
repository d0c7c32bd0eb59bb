"""The live loss plot: training, smoothed and validation loss over the steps of a run.

`LossPlot.show` takes the curves as often as the caller likes; the widget reduces them to its cells
and redraws the rows that changed, or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual.binding import BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from minigpt_tui.tui.keys.key_prose import keys_in
from minigpt_tui.tui.keys.plot_keys import PLOT_KEYS
from minigpt_tui.tui.plot.cells import Role
from minigpt_tui.tui.plot.chosen_runs import MOST_OVERLAYS
from minigpt_tui.tui.plot.loss_drawing import (
    View,
    draw,
    happened_at,
    plot_columns,
    x_at_column,
    y_at_row,
)
from minigpt_tui.tui.plot.loss_legend import Overlay
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_data import PlotData
from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.plot_look import in_words, seen
from minigpt_tui.tui.plot.plot_mouse import Box, PlotMouse
from minigpt_tui.tui.plot.plot_navigation import PAN, PlotNavigation
from minigpt_tui.tui.plot.plot_reading import reading_line
from minigpt_tui.tui.plot.plot_state import Look
from minigpt_tui.tui.plot.plot_view import loss_limits, overlay_rows, reach_of, room
from minigpt_tui.tui.plot.series import SPANS, automatic_span

__all__ = ["LossPlot", "PlotData"]

EMPTY_MESSAGE = "No loss yet. The curves begin with the first step."


class LossPlot(PlotMouse, can_focus=True):
    """Curves in braille over a frame of plotext; its keys are those of `plot_keys`.

    A click sets the cursor, a drag zooms into a box, the wheel zooms around the mouse.
    """

    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"loss-plot--{part}" for part in (*(role.name.lower() for role in Role), "cursor", "empty")
    }
    BINDINGS: ClassVar[list[BindingType]] = [*PLOT_KEYS]

    @dataclass
    class Looked(Message):
        """Another part is seen, or another step is read: `seen_in_words` and `reading` changed."""

    def __init__(
        self,
        look: Look | None = None,
        empty_message: str = EMPTY_MESSAGE,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self.empty_message = empty_message
        self.look = look or Look()
        self.curve = Curve()
        self.navigation = PlotNavigation(self.look, self.curve)
        self.overlays: tuple[Overlay, ...] = ()
        self.view: View | None = None
        """What the picture was last drawn with; None while there is nothing to draw."""
        self._y: Axis | None = None
        self._cursor: int | None = None
        self._said: tuple[object, ...] = ()

    # What the caller uses

    @property
    def log_scale(self) -> bool:
        return self.look.log_y

    @property
    def cursor(self) -> int | None:
        """The step that is being read, or None."""
        return self._cursor

    @property
    def kind(self) -> str:
        """What the x axis counts: what was chosen, or steps where that was not recorded."""
        return self.navigation.kind

    @property
    def span(self) -> int:
        """Over how many steps the training loss is smoothed; 1 is not at all."""
        return self.span_of(self.curve.data)

    def span_of(self, data: PlotData) -> int:
        """The smoothing of a run; the automatic one suits its own length."""
        rows = min(len(data.train_steps), len(data.train_loss))
        return automatic_span(rows) if self.look.span is None else self.look.span

    def show(self, data: PlotData) -> None:
        """Show these curves. Costs next to nothing when they are the ones that are shown."""
        if data.name != self.look.run:  # a part of one run says nothing about another
            self.look.run, self.look.part = data.name, None
            self._place_cursor(None)
        if not self.curve.update(data, self.span_of(data)):
            return
        if not len(data.train_steps) and not len(data.val_steps):
            self._place_cursor(None)  # nothing is left to be read
        self.redraw()

    def show_overlays(self, overlays: Sequence[Overlay]) -> None:
        """Show these other runs too, `MOST_OVERLAYS` at most; their curves may have grown."""
        assert len(overlays) <= MOST_OVERLAYS
        self.overlays = tuple(overlays)
        for overlay in overlays:
            overlay.curve.update(overlay.curve.data, self.span_of(overlay.curve.data))
        self.redraw()

    @property
    def seen_in_words(self) -> str:
        """The part of the x axis that is seen, and the keys that lead back; empty if it is all."""
        if self.view is None:
            return ""
        view = self.view
        words = keys_in(self, in_words(view.kind, view.x.log, view.x, self.look.part))
        if self.look.small_plots:
            hidden = self.curve.small_plots[len(self.view.small) :]
            if hidden:
                which = hidden[0] if len(hidden) == 1 else f"{len(hidden)} small plots"
                words = " · ".join(filter(None, (words, f"too low for {which}")))
        return words

    def reading(self, width: int) -> Content | None:
        """Everything that is known at the cursor, in a line; None without a cursor."""
        if self.view is None or self._cursor is None:
            return None
        return reading_line(
            self.curve, self.curve.read(self._cursor), happened_at(self.curve, self.view), width
        )

    # Keys

    def action_toggle_log(self) -> None:
        self.navigation.toggle_log()
        self.redraw()

    def action_toggle_log_x(self) -> None:
        self.navigation.toggle_log_x()
        self.redraw()

    def action_next_kind(self) -> None:
        self.navigation.next_kind()
        self.redraw()

    def action_smooth(self, direction: int) -> None:
        if direction == 0:
            self.look.span = None
        else:
            place = SPANS.index(self.span) + direction
            self.look.span = SPANS[min(max(place, 0), len(SPANS) - 1)]
        for curve in (self.curve, *(overlay.curve for overlay in self.overlays)):
            curve.update(curve.data, self.span_of(curve.data))
        self.redraw()

    def action_toggle_small(self) -> None:
        shown = bool(self.view and self.view.small)
        self.look.small_plots = not (shown or self.look.small_plots)
        self.redraw()

    def action_zoom(self, direction: int) -> None:
        if self.navigation.zoom(direction, self._cursor):
            self.redraw()

    def action_pan(self, direction: int) -> None:
        self.pan_by(PAN * direction)

    def action_follow(self) -> None:
        if self.navigation.follow():
            self.redraw()

    def action_see_all(self) -> None:
        self.navigation.see_all()
        self.redraw()

    def action_move_cursor(self, columns: int) -> None:
        view = self.view
        if self._cursor is None or view is None:  # begins at the newest step, where the eye is
            self.action_cursor_to_end()
            return
        here = view.x.fraction(self.curve.place_of(view.kind, self._cursor))
        aim = view.x.value(here + columns / max(plot_columns(view) - 1, 1))
        self._read(self.curve.neighbouring_step(self._cursor, self.curve.step(view.kind, aim)))

    def action_cursor_to_start(self) -> None:
        self._read(self.curve.neighbouring_step(0, -1))

    def action_cursor_to_end(self) -> None:
        self._read(self.curve.neighbouring_step(-1, float("inf")))

    def action_drop_cursor(self) -> None:
        self.drop_box()
        self._place_cursor(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key is there where it does something."""
        match action:
            case "drop_cursor":
                return self._cursor is not None
            case "see_all":
                return self.look.part is not None or self.navigation.alone() is not None
            case "pan":
                return self.look.part is not None
            case "follow":
                return self.look.part is not None and not self.look.part.follows
        return True

    # What the mouse asks for

    @property
    def area(self) -> Region | None:
        view = self.view
        if view is None:
            return None
        frame = view.frame
        return Region(frame.left, view.legend_rows + frame.top, frame.width, frame.height)

    def read_column(self, column: int) -> None:
        if self.view is not None:
            step = self.curve.step(self.view.kind, x_at_column(self.view, column))
            self._place_cursor(self.curve.neighbouring_step(step, step))

    def zoom_into(self, box: Box) -> None:
        view = self.view
        if view is None:
            return
        lower, upper = x_at_column(view, box.left), x_at_column(view, box.right)
        y = None if box.flat else (y_at_row(view, box.bottom), y_at_row(view, box.top))
        if self.navigation.zoom_into(lower, upper, y):
            self.redraw()

    def zoom_around(self, column: int, factor: float) -> None:
        if self.view is not None:
            self.navigation.zoom_around(factor, x_at_column(self.view, column))
            self.redraw()

    def pan_by(self, share: float) -> None:
        if self.navigation.pan(share):
            self.redraw()

    def _read(self, step: int | None) -> None:
        """Puts the cursor on a step, and brings that into sight."""
        if step is not None and self.navigation.bring_into_sight(step):
            self._cursor = None  # drawn anew in any case
        self._place_cursor(step)

    def _place_cursor(self, step: int | None) -> None:
        if step != self._cursor:
            self._cursor = step
            self.refresh_bindings()
            self.redraw()

    # Drawing

    def drawn(self, width: int, height: int) -> list[Strip]:
        curve, overlays, look, kind = self.curve, self.overlays, self.look, self.kind
        reach = self.navigation.reach = reach_of(curve, overlays, kind, look.log_x)
        x, look.part = seen(reach, look.part)
        self._y = loss_limits(curve, overlays, kind, x, look.log_y, self._y, width)
        self.view = None
        if self._y is not None:
            named = overlay_rows(overlays, kind, width, height)
            chosen = None if look.part is None else look.part.y
            self.view = View(
                width,
                height,
                x,
                self._y if chosen is None else Axis(*chosen, look.log_y),
                self.span,
                self._cursor,
                kind,
                *room(height - named, curve.small_plots, look.small_plots),
                named,
                self.box,
            )
        self.navigation.drawn(None if self.view is None else x, kind)
        self._say()
        if self.view is None:
            return self.sentence(self.empty_message, width, height)
        return self.coloured(draw(curve, self.view, overlays))

    def _say(self) -> None:
        """Tells the parent when words beside the plot are others now, and the footer of keys."""
        part = self.look.part
        offered = part is None, bool(part and part.follows), len(self.overlays)
        said = self.seen_in_words, self._cursor, *offered
        if said != self._said:
            keys = said[2:] != self._said[2:]
            self._said = said
            self.post_message(self.Looked())
            if keys:
                self.refresh_bindings()
