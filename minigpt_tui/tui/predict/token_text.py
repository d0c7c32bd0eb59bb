"""A text with a tint for each token and a cursor that moves by tokens, white space included.

The tints say how much of something each token has (surprise, say). They are no colours alone:
strong ones are underlined, the strongest bold, and whoever uses the widget says in words what is
under the cursor.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from minigpt_tui.tui.widgets.preview_rows import Glyphs, Row, preview_rows

PLAIN, UNKNOWN = 0, 5
RAMP = (0, 1, 2, 3, 4)
"""Tints from nothing to the most."""
LESS, MORE = (6, 7), (8, 9)
"""Two other tints in two strengths, for a difference: less than the other, and more."""
TINTS = 10


@dataclass(frozen=True)
class TokenTints:
    """What is shown: the text of each token, its tint, and how many of the first are quiet."""

    pieces: Sequence[str] = ()
    tints: Sequence[int] = ()
    quiet: int = 0
    space_leads: bool = False
    """Whether a token carries the space before its word; rows then break before it."""


class TokenText(ScrollView, can_focus=True):
    """Only the rows that are seen are drawn. The cursor is a token, or the end behind them all."""

    DEFAULT_CSS = """
    TokenText {
        scrollbar-size-vertical: 1; overflow-x: hidden;
        &> .token-text--quiet { color: $foreground 65%; }
        &> .token-text--tint-1 { background: $warning 14%; }
        &> .token-text--tint-2 { background: $warning 32%; }
        &> .token-text--tint-3 { background: $warning 52%; text-style: underline; }
        &> .token-text--tint-4 { background: $warning 74%; color: $background; }
        &> .token-text--tint-4 { text-style: bold underline; }
        &> .token-text--tint-5 { background: $error 30%; color: $error; text-style: bold; }
        &> .token-text--tint-6 { background: $primary 30%; }
        &> .token-text--tint-7 { background: $primary 70%; color: $background; }
        &> .token-text--tint-7 { text-style: bold; }
        &> .token-text--tint-8 { background: $accent 30%; text-style: underline; }
        &> .token-text--tint-9 { background: $accent 70%; color: $background; }
        &> .token-text--tint-9 { text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "token-text--quiet",
        *(f"token-text--tint-{tint}" for tint in range(1, TINTS)),
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "Token left", show=False),
        Binding("right", "move(1)", "Token right", show=False),
        Binding("up", "move_rows(-1)", "Row up", show=False),
        Binding("down", "move_rows(1)", "Row down", show=False),
        Binding("pageup", "move_pages(-1)", "Page up", show=False),
        Binding("pagedown", "move_pages(1)", "Page down", show=False),
        Binding("home,ctrl+home", "go(0)", "Beginning", show=False),
        Binding("end,ctrl+end", "go(-1)", "End", show=False),
    ]

    @dataclass
    class Moved(Message):
        """The cursor stands at another token; `at` is the number of tokens at the end."""

        at: int

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # id and classes
        self.shown = TokenTints()
        self.cursor = 0
        self.show_cursor = False
        """Whether the cursor is drawn while the focus is elsewhere."""
        self._text = ""
        self._starts: list[int] = [0]
        self._glyphs = Glyphs()
        self._rows: list[Row] = [(0, 0)]
        self._width = 0

    @property
    def size_in_tokens(self) -> int:
        return len(self.shown.pieces)

    def show(self, shown: TokenTints, cursor: int) -> None:
        """Another text, or other tints; the cursor is brought into view."""
        if shown == self.shown and cursor == self.cursor and self._width:
            return
        broken = (self._text, self.shown.space_leads)
        self.shown = shown
        self._starts = [0, *accumulate(map(len, shown.pieces))]
        self._text = "".join(shown.pieces)
        if broken != (self._text, shown.space_leads) or not self._width:
            self._break_into_rows()
        self.move_to(cursor)
        self.refresh()

    def move_to(self, at: int) -> None:
        """Puts the cursor at a token without a message."""
        self.cursor = max(0, min(at, self.size_in_tokens))
        row = self._row_of(self._starts[self.cursor])
        height = self.scrollable_content_region.height
        top = self.scroll_offset.y
        if height and not top <= row < top + height:
            wanted = row if row < top else row - height + 1
            self.scroll_to(y=wanted, animate=False, force=True, immediate=True)
        self.refresh()

    # Keys

    def action_move(self, by: int) -> None:
        self._go(self.cursor + by)

    def action_go(self, at: int) -> None:
        self._go(self.size_in_tokens if at < 0 else at)

    def action_move_pages(self, by: int) -> None:
        self.action_move_rows(by * max(1, self.scrollable_content_region.height - 1))

    def action_move_rows(self, by: int) -> None:
        row = self._row_of(self._starts[self.cursor])
        wanted = row + by
        if not 0 <= wanted < len(self._rows):
            self._go(0 if wanted < 0 else self.size_in_tokens)
            return
        column = self._column(row, self._starts[self.cursor])
        self._go(self._token_at(wanted, column))

    def on_click(self, event: Click) -> None:
        offset = event.get_content_offset(self)
        row = (offset.y if offset else 0) + self.scroll_offset.y
        if offset is None or not self._rows:
            return
        if row >= len(self._rows):
            self._go(self.size_in_tokens)
        else:
            self._go(self._token_at(row, offset.x))

    def on_resize(self, event: Resize) -> None:
        if self.scrollable_content_region.width != self._width:
            self._break_into_rows()
            self.move_to(self.cursor)

    def on_focus(self) -> None:
        self.refresh()

    def on_blur(self) -> None:
        self.refresh()

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        if index >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        row = Strip(self._segments(index))
        return row.extend_cell_length(self.size.width, self.rich_style).crop(0, self.size.width)

    def _go(self, at: int) -> None:
        before = self.cursor
        self.move_to(at)
        if self.cursor != before:
            self.post_message(self.Moved(self.cursor))

    def _row_of(self, place: int) -> int:
        return max(0, bisect_right(self._rows, (place, len(self._text) + 1)) - 1)

    def _column(self, row: int, place: int) -> int:
        start, _ = self._rows[row]
        return sum(self._glyphs[c][1] for c in self._text[start:place])

    def _token_at(self, row: int, column: int) -> int:
        """The token that is nearest to a cell of a row."""
        start, end = self._rows[row]
        place, used = start, 0
        while place < end and used + self._glyphs[self._text[place]][1] <= column:
            used += self._glyphs[self._text[place]][1]
            place += 1
        is_last = row == len(self._rows) - 1
        if place >= end and not is_last:
            place = max(start, end - 1)
        if place >= len(self._text):
            return self.size_in_tokens
        return max(0, bisect_right(self._starts, place) - 1)

    def _segments(self, row: int) -> list[Segment]:
        """The tokens of a row, each with its tint; white space is drawn dim."""
        start, end = self._rows[row]
        drawn = self.has_focus or self.show_cursor
        segments: list[Segment] = []
        token = max(0, bisect_right(self._starts, start) - 1)
        at = start
        while at < end:
            while token + 1 < len(self._starts) and self._starts[token + 1] <= at:
                token += 1
            stop = min(end, self._starts[token + 1])
            style = self._style(token, under_cursor=drawn and token == self.cursor)
            while at < stop:
                blank, until = self._text[at].isspace(), at
                while until < stop and self._text[until].isspace() == blank:
                    until += 1
                shown = "".join(self._glyphs[c][0] for c in self._text[at:until])
                dim = blank and not (drawn and token == self.cursor)
                segments.append(Segment(shown, style + Style(dim=True) if dim else style))
                at = until
        if drawn and self.cursor == self.size_in_tokens and row == len(self._rows) - 1:
            segments.append(Segment(" ", self.rich_style + Style(reverse=True)))
        return segments

    def _style(self, token: int, *, under_cursor: bool) -> Style:
        tint = self.shown.tints[token] if token < len(self.shown.tints) else PLAIN
        if tint != PLAIN:
            style = self.get_component_rich_style(f"token-text--tint-{tint}")
        elif token < self.shown.quiet:
            style = self.get_component_rich_style("token-text--quiet")
        else:
            style = self.rich_style
        return style + Style(reverse=True) if under_cursor else style

    def _break_into_rows(self) -> None:
        self._width = self.scrollable_content_region.width
        rows: list[Row] = []
        if self._width:
            rows = preview_rows(
                self._text, self._width, self._glyphs, space_leads=self.shown.space_leads
            )
        if not rows or self._text.endswith("\n"):
            rows.append((len(self._text), len(self._text)))  # the end has a row of its own
        self._rows = rows
        self.virtual_size = Size(self._width, len(self._rows))
        self.refresh()
