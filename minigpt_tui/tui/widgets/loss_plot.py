"""The live loss plot: training, smoothed and validation loss over the steps of a run.

`LossPlot.show` takes the curves as often as the caller likes; the widget reduces them to its cells
and redraws the rows that changed, or nothing.
"""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from rich.style import Style
from textual import events
from textual.app import RenderResult
from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from minigpt_tui.tui.widgets.cells import Cells, Role, strips
from minigpt_tui.tui.widgets.loss_drawing import View, draw, plot_columns, step_at_column
from minigpt_tui.tui.widgets.plot_data import PlotData, neighbouring_step
from minigpt_tui.tui.widgets.plot_limits import Axis, loss_axis, robust_range, step_axis
from minigpt_tui.tui.widgets.series import SPANS, SeriesReduction, automatic_span, finite

__all__ = ["LossPlot", "PlotData"]

EMPTY_MESSAGE = "No loss yet. The curves begin with the first step."


class LossPlot(Widget, can_focus=True):
    """Curves in braille over a frame of plotext.

    Keys (when focused): `l` log scale, `+` `-` `0` smoothing (0 is automatic), arrows, home and
    end a cursor that reads the curves, escape removes it. A click sets the cursor too.
    """

    # The two hues differ for every kind of colour vision (Okabe and Ito 2008, "Color universal
    # design"), darkened on light backgrounds; shape and sign tell the curves apart without them.
    DEFAULT_CSS = """
    LossPlot {
        height: 1fr;
        min-height: 4;
        & > .loss-plot--axis { color: $foreground 30%; }
        & > .loss-plot--label { color: $foreground 65%; }
        & > .loss-plot--band { color: #56B4E9 45%; }
        & > .loss-plot--ema { color: #56B4E9; text-style: bold; }
        & > .loss-plot--validation { color: #F0A030; }
        & > .loss-plot--best { color: #F0A030; text-style: bold; }
        & > .loss-plot--reference { color: $foreground 40%; }
        & > .loss-plot--event { color: $foreground; text-style: bold; }
        & > .loss-plot--value { color: $foreground; text-style: bold; }
        & > .loss-plot--cursor { background: $foreground 15%; }
        & > .loss-plot--empty { color: $foreground 65%; }
        &:focus > .loss-plot--axis { color: $foreground 75%; }
        &:light {
            & > .loss-plot--band { color: #0072B2 42%; }
            & > .loss-plot--ema { color: #005A8E; }
            & > .loss-plot--validation { color: #C04A00; }
            & > .loss-plot--best { color: #C04A00; }
        }
    }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"loss-plot--{part}" for part in (*(role.name.lower() for role in Role), "cursor", "empty")
    }

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("l", "toggle_log", "Log scale", id="loss_plot.log"),
        Binding("plus,equals_sign", "smooth(1)", "Smoother", id="loss_plot.smoother"),
        Binding("minus", "smooth(-1)", "Rougher", id="loss_plot.rougher"),
        Binding("0", "smooth(0)", "Auto smooth", id="loss_plot.auto", show=False),
        Binding("left", "move_cursor(-1)", "Read values", key_display="←→", id="loss_plot.left"),
        Binding("right", "move_cursor(1)", "Read values", show=False, id="loss_plot.right"),
        Binding("shift+left", "move_cursor(-10)", "Far left", show=False, id="loss_plot.far_left"),
        Binding(
            "shift+right", "move_cursor(10)", "Far right", show=False, id="loss_plot.far_right"
        ),
        Binding("home", "cursor_to_start", "First step", show=False, id="loss_plot.home"),
        Binding("end", "cursor_to_end", "Last step", show=False, id="loss_plot.end"),
        Binding("escape", "drop_cursor", "Drop cursor", id="loss_plot.drop"),
    ]

    def __init__(
        self,
        empty_message: str = EMPTY_MESSAGE,
        *,
        name: str | None = None,
        id: str | None = None,
        classes: str | None = None,
    ) -> None:
        super().__init__(name=name, id=id, classes=classes)
        self._empty_message = empty_message
        self._data = PlotData.empty()
        self._shown: tuple[object, ...] = ()  # what the picture depends on besides the train rows
        self._series = SeriesReduction()
        self._chosen_span: int | None = None
        self._log = False
        self._y: Axis | None = None
        self._cursor: int | None = None
        self._view: View | None = None
        self._cells: Cells | None = None
        self._strips: list[Strip] | None = None

    # What the caller uses

    @property
    def log_scale(self) -> bool:
        return self._log

    @property
    def cursor(self) -> int | None:
        """The step that is being read, or None."""
        return self._cursor

    @property
    def span(self) -> int:
        """Over how many steps the training loss is smoothed; 1 is not at all."""
        rows = min(len(self._data.train_steps), len(self._data.train_loss))
        return automatic_span(rows) if self._chosen_span is None else self._chosen_span

    def show(self, data: PlotData) -> None:
        """Show these curves. Costs next to nothing when they are the ones that are shown."""
        self._data = data
        changed = self._series.update(data.train_steps, data.train_loss, self.span)
        around = _fingerprint(data)
        if not changed and around == self._shown:
            return
        self._shown = around
        if not len(data.train_steps) and not len(data.val_steps):
            self._place_cursor(None)  # nothing is left to be read
        self._redraw()

    # Keys

    def action_toggle_log(self) -> None:
        self._log = not self._log
        self._redraw()

    def action_smooth(self, direction: int) -> None:
        if direction == 0:
            self._chosen_span = None
        else:
            place = SPANS.index(self.span) + direction
            self._chosen_span = SPANS[min(max(place, 0), len(SPANS) - 1)]
        if self._series.update(self._data.train_steps, self._data.train_loss, self.span):
            self._redraw()

    def action_move_cursor(self, columns: int) -> None:
        view = self._view
        if self._cursor is None or view is None:  # begins at the newest step, where the eye is
            self.action_cursor_to_end()
            return
        wide = (view.x.upper - view.x.lower) / max(plot_columns(view) - 1, 1)
        aim = self._cursor + columns * wide
        self._place_cursor(neighbouring_step(self._data, self._cursor, aim))

    def action_cursor_to_start(self) -> None:
        self._place_cursor(neighbouring_step(self._data, 0, -1))

    def action_cursor_to_end(self) -> None:
        self._place_cursor(neighbouring_step(self._data, -1, float("inf")))

    def action_drop_cursor(self) -> None:
        self._place_cursor(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the plot's only while there is a cursor to drop."""
        return self._cursor is not None if action == "drop_cursor" else True

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if self._view is None or offset is None:
            return
        step = step_at_column(self._view, offset.x)
        if step is not None:
            self._place_cursor(neighbouring_step(self._data, step, step))

    def _place_cursor(self, step: int | None) -> None:
        if step != self._cursor:
            self._cursor = step
            self.refresh_bindings()
            self._redraw()

    # Drawing

    def render(self) -> RenderResult:
        return ""  # the lines come from render_line

    def render_line(self, y: int) -> Strip:
        if self._strips is None:
            self._strips = self._drawn()
        return self._strips[y] if y < len(self._strips) else Strip.blank(self.size.width)

    def on_resize(self) -> None:
        self._strips = None

    def notify_style_update(self) -> None:
        self._strips = None
        super().notify_style_update()

    def _redraw(self) -> None:
        """Draw now, and ask for the rows that changed; or leave it to the next `render_line`."""
        if self._strips is None or not self.size:
            self._strips = None
            self.refresh()
            return
        before, self._strips = self._strips, self._drawn()
        if len(before) != len(self._strips):
            self.refresh()
            return
        changed = [y for y, (a, b) in enumerate(zip(before, self._strips, strict=True)) if a != b]
        if changed:
            width = self.size.width
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def _drawn(self) -> list[Strip]:
        width, height = self.size
        if width < 1 or height < 1:
            return []
        view = self._look(width, height)
        self._view = view
        if view is None:
            return self._sentence(width, height)
        cells = draw(self._data, self._series.samples, view)
        return strips(cells, *self._styles())

    def _look(self, width: int, height: int) -> View | None:
        """The view that suits the curves; None while there is nothing to draw."""
        samples = self._series.samples
        val_steps, val_loss = finite(self._data.val_steps, self._data.val_loss)
        now = [*samples.ema[-1:].tolist(), *val_loss[-1:].tolist()]
        spread = robust_range(samples.low, samples.high, val_loss, now)
        if spread is None:
            self._y = None
            return None
        self._y = loss_axis(*spread, self._log, self._y)
        last = max([*samples.steps[-1:].tolist(), *val_steps[-1:].tolist()])
        x = step_axis(last, self._data.total_steps)
        return View(width, height, x, self._y, self.span, self._cursor)

    def _sentence(self, width: int, height: int) -> list[Strip]:
        style = self.get_component_rich_style("loss-plot--empty")
        cells = Cells.blank(width, height)
        text = self._empty_message
        text = text if len(text) <= width else text.split(". ")[0].rstrip(".")
        text = text[:width]
        cells.write((width - len(text)) // 2, (height - 1) // 2, text, Role.LABEL)
        return strips(cells, [style] * len(Role), [style] * len(Role))

    def _styles(self) -> tuple[list[Style], list[Style]]:
        plain = [self.get_component_rich_style(f"loss-plot--{r.name.lower()}") for r in Role]
        cursor = self.get_component_rich_style("loss-plot--cursor")
        lit = [style + Style(bgcolor=cursor.bgcolor) for style in plain]
        return plain, lit


def _fingerprint(data: PlotData) -> tuple[object, ...]:
    """Everything but the training rows, as far as a picture can depend on it, cheaply compared."""
    count = min(len(data.val_steps), len(data.val_loss))
    newest = f"{data.val_steps[count - 1]} {data.val_loss[count - 1]}" if count else ""
    first = f"{data.val_steps[0]} {data.val_loss[0]}" if count else ""
    return (
        count,
        first,
        newest,
        data.best_step,
        tuple((label, float(np.float64(value))) for label, value in data.references),
        data.events,
        data.total_steps,
    )
