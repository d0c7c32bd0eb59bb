"""A list of probabilities: labels, numbers and bars in aligned columns, notes where they help."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message

from minigpt_tui.tui.widgets.drawn_rows import DrawnRows
from minigpt_tui.tui.widgets.repaint import entitle

NUMBER_WIDTH = len(">99.9 %")
SCALES = (1.0, 0.5, 0.2, 0.1)
"""What the longest bar may stand for. No less, lest a model that knows nothing look sure."""

_EIGHTHS = " ▏▎▍▌▋▊▉"


Rest = Callable[[int], Sequence[str]]
"""What is to be said below so many bars, the most important first."""


@dataclass(frozen=True)
class Bar:
    """One row. `label` and `note` are safe to show; `aside` sets a row apart from the list.

    `before` is the probability before something changed it, shown first where any row has one.
    `here` marks the row that came true.
    """

    label: str
    probability: float
    note: str = ""
    aside: bool = False
    drawn: bool = True
    before: float | None = None
    here: bool = False


class ProbabilityBars(DrawnRows):
    """A box of bars that fills its size; the last line sums up what is not listed."""

    def __init__(self, title: str, **options: str) -> None:
        super().__init__(**options)  # id and classes
        self.border_title = title
        self._bars: Sequence[Bar] = ()
        self._rest: Rest = lambda shown: ()
        self._remark = ""
        self._scale: float | None = None

    @property
    def rows(self) -> int:
        """How many bars fit."""
        return max(1, self.size.height - 1)

    def show(
        self, bars: Sequence[Bar], rest: Rest, remark: str = "", scale: float | None = None
    ) -> None:
        """Puts up bars, the most important first; `remark` goes into the lower border.

        `scale` is what the longest bar stands for; without it, the smallest that holds them.
        """
        self._bars, self._rest, self._scale = bars, rest, scale
        self.show_remark(remark)
        self.redraw()

    def show_remark(self, remark: str) -> None:
        """Another remark, with the bars that are there."""
        self._remark = remark
        self._show_border()

    def rows_now(self) -> list[Content]:
        bars = self._bars[: self.rows]
        lines = bar_lines(bars, self.size.width, self._scale, self._selected_row())
        lines += [Content("")] * (self.rows - len(lines))
        rest = fitting(self._rest(len(bars)), self.size.width)
        return [*lines, Content.styled(rest, "$foreground 60%")]

    def on_resize(self) -> None:
        self._show_border()

    def _selected_row(self) -> int | None:
        return None

    def _show_border(self) -> None:
        scale = self._scale or scale_of(self._bars[: self.rows])
        parts = [f"full bar {100 * scale:g} %"] if scale < 1 else []
        parts += filter(None, self._remark.split(" · "))
        entitle(self, subtitle=fitting(parts, max(1, self.size.width)))


class ChoiceBars(ProbabilityBars, can_focus=True):
    """Bars among which one can be taken, by keys or by a double click."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "select(-1)", "Row up", show=False),
        Binding("down", "select(1)", "Row down", show=False),
        Binding("enter", "take", "Take it", show=False),
    ]

    @dataclass
    class Taken(Message):
        """The row that was taken."""

        row: int

    class LeftUpwards(Message):
        """The cursor went up from the first row."""

    def __init__(self, title: str, **options: str) -> None:
        super().__init__(title, **options)
        self.selected = 0

    def action_select(self, by: int) -> None:
        if self.selected + by < 0:
            self.post_message(self.LeftUpwards())
        self.selected = max(0, min(self.selected + by, self._last()))
        self.redraw()

    def action_take(self) -> None:
        if self._bars:
            self.post_message(self.Taken(min(self.selected, self._last())))

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or offset.y > self._last():
            return
        self.selected = offset.y
        self.redraw()
        if event.chain == 2:
            self.action_take()

    def watch_has_focus(self, has_focus: bool) -> None:
        self.selected = 0
        super().watch_has_focus(has_focus)

    def _last(self) -> int:
        return max(0, min(self.rows, len(self._bars)) - 1)

    def _selected_row(self) -> int | None:
        return self.selected if self.has_focus else None


def bar_lines(
    bars: Sequence[Bar], width: int, scale: float | None = None, selected: int | None = None
) -> list[Content]:
    """The rows, each at most `width` cells wide."""
    labels = [Content(standing(bar.label)) for bar in bars]
    widest = max((label.cell_length for label in labels), default=0)
    changed = any(bar.before is not None for bar in bars)
    numbers = (NUMBER_WIDTH + 1) * (2 if changed else 1)
    label_width = max(4, min(widest, width - numbers - 1 - width // (4 if changed else 3)))
    bar_width = max(0, width - label_width - numbers - 1)
    scale = scale or scale_of(bars)
    lines = []
    for row, (bar, label) in enumerate(zip(bars, labels, strict=True)):
        drawn = block(bar.probability / scale, bar_width) if bar.drawn else ""
        cut = changed and not bar.drawn
        note = "◂ here" if bar.here and not bar.note else bar.note
        note = f" {note}" if drawn and note else note
        if len(drawn) + len(note) > bar_width:
            note = " ◂" if bar.here and len(drawn) + 2 <= bar_width else ""
        before = "" if bar.before is None else f"{percent(bar.before):>{NUMBER_WIDTH}} "
        number = "–" if cut else percent(bar.probability)
        quiet = bar.aside or not bar.drawn
        label = label.truncate(label_width, ellipsis=True, pad=True)
        line = Content.assemble(
            label.stylize("italic $foreground 75%" if quiet else "bold"),
            " ",
            (before, "$foreground 60%"),
            f"{number:>{NUMBER_WIDTH}} ",
            (drawn, "$accent" if bar.aside else "$primary"),
            (note, "bold $accent" if bar.here else "$foreground 60%"),
        )
        if row == selected:
            line = line.truncate(width, pad=True).stylize("on $panel")
            line = line.stylize("reverse", 0, len(label))
        lines.append(line)
    return lines


def block(share: float, width: int) -> str:
    """A bar of `share` (0 to 1) of `width` cells, in eighths; a little is still seen."""
    eighths = min(8 * width, round(8 * width * share))
    if share > 0 and width > 0:
        eighths = max(1, eighths)
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def scale_of(bars: Sequence[Bar]) -> float:
    """The probability of the longest possible bar: the smallest scale that holds them all."""
    largest = max((bar.probability for bar in bars if bar.drawn), default=1.0)
    return min((scale for scale in SCALES if scale >= largest), default=1.0)


def percent(probability: float) -> str:
    """`32.4 %`, `3.24 %`, `0.08 %`, `<0.01 %`, `>99.9 %`: never rounded to none or to all."""
    value = 100 * probability
    if value >= 100 or value <= 0:
        return f"{value:.0f} %"
    if value < 0.01:
        return "<0.01 %"
    if value > 99.9:
        return ">99.9 %"
    return f"{value:.2f} %" if value < 9.995 else f"{value:.1f} %"


def fitting(parts: Sequence[str], width: int) -> str:
    """As many of the parts, from the first on, as fit on a line."""
    joined = [" · ".join(parts[:count]) for count in range(len(parts) + 1)]
    return next(line for line in reversed(joined) if len(line) <= width or line == "")


def standing(label: str) -> str:
    """A label that can be seen: a combining mark gets a circle to sit on, a blank its code."""
    if label and unicodedata.category(label[0]).startswith("M"):
        return f"◌{label}"
    return label if label.strip() else "".join(f"⟨U+{ord(c):04X}⟩" for c in label)
