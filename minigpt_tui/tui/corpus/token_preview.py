"""Shows a part of a text with its tokens in alternating tints, white space included.

A cursor walks over the tokens; what is under it, or under the mouse, is posted as `Pointed`. The
widget knows one part of a text only, and posts `Edge` where somebody wants to go on beyond it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Leave, MouseMove, MouseScrollDown, MouseScrollUp, Resize
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from minigpt_tui.tui.corpus.preview_layout import PreviewLayout
from minigpt_tui.tui.corpus.token_marks import (
    PLAIN,
    TINTS,
    UNDERLINED,
    UNKNOWN,
    alike,
    token_marks,
)
from minigpt_tui.tui.corpus.token_spans import Span
from minigpt_tui.tui.widgets.preview_rows import Glyphs

HELD_OUT = " held out for validation from here "


class TokenPreview(ScrollView, can_focus=True):
    """A text of some ten thousand characters, broken into rows; only visible rows are drawn."""

    DEFAULT_CSS = """
    TokenPreview {
        background: $background; scrollbar-size-vertical: 0;
        &> .token-preview--tint-0 { background: #4a90d9 26%; }
        &> .token-preview--tint-1 { background: #e0a030 22%; }
        &> .token-preview--tint-2 { background: #3fae7a 24%; }
        &> .token-preview--tint-3 { background: #a774d6 26%; }
        &> .token-preview--tint-4 { background: #8a96a8 24%; }
        &> .token-preview--unknown { background: $error 30%; color: $error; text-style: bold; }
        &> .token-preview--cursor { background: $primary; color: $background; text-style: bold; }
        &> .token-preview--border { color: $accent; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"token-preview--tint-{tint}" for tint in range(TINTS)),
        "token-preview--unknown",
        "token-preview--cursor",
        "token-preview--border",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "step(-1)", "Token before", show=False),
        Binding("right", "step(1)", "Next token", show=False),
        Binding("up", "row(-1)", "Up", show=False),
        Binding("down", "row(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home,ctrl+home", "jump(0)", "Beginning of the text", show=False),
        Binding("end,ctrl+end", "jump(1)", "End of the text", show=False),
    ]

    @dataclass
    class Pointed(Message):
        """The token under the mouse or the cursor, or None."""

        span: Span | None

    @dataclass
    class Edge(Message):
        """The text goes on, if it does, before (−1) or behind (1) what is shown."""

        direction: int
        passed: bool
        """Whether somebody wants to go beyond; else the edge only comes near."""

    @dataclass
    class Jump(Message):
        share: float
        """Of the whole text, 0 to 1."""

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text = ""
        self.spans: Sequence[Span] = ()
        self.cursor = 0
        """The character where the token under the cursor begins."""
        self._border: int | None = None
        self._marks = b""
        self._space_leads = False
        self._glyphs = Glyphs()
        self._rows = PreviewLayout("", 0, None, self._glyphs, space_leads=False)

    def show_text(self, text: str, border: int | None = None) -> None:
        """Shows a text from its beginning, as yet without tokens; `border` as in `show_border`."""
        self.text = text
        self.spans = ()
        self.cursor = 0
        self._border = border
        self._marks = bytes([PLAIN]) * len(text)
        self._break_into_rows()
        self.scroll_to(y=0, animate=False, force=True)
        self._point()

    def show_tokens(self, spans: Sequence[Span], level: str) -> None:
        """Tints the tokens of the text: (start, end, id) each, in characters."""
        self.spans = spans
        self._marks = token_marks(spans, len(self.text), underline=level != "char")
        if self._space_leads != (level != "char"):
            self._space_leads = level != "char"
            self._break_into_rows()
        self.refresh()
        self._point()

    def show_border(self, border: int | None) -> None:
        """Marks the character at which the validation part begins, if that is in this text."""
        if border != self._border:
            self._border = border
            self._break_into_rows()

    def scroll_to_character(self, character: int, rows_above: int = 0) -> None:
        """Brings the row of a character to the top, or under so many others."""
        row = self._rows.row_of(character) - rows_above
        self.scroll_to(y=max(0, row), animate=False, force=True)

    def move_cursor(self, character: int) -> None:
        """Puts the cursor on the token that a character belongs to, and shows it."""
        self.cursor = self._token_at(character)
        row, top, height = self._rows.row_of(self.cursor), self.scroll_offset.y, self._height
        if not top <= row < top + height:
            y = row if row < top else row - height + 1
            self.scroll_to(y=y, animate=False, force=True)
        self.refresh()
        self._point()

    @property
    def top_character(self) -> int:
        """The first character that is seen."""
        if not self._rows:
            return 0
        return self._rows.rows[min(self.scroll_offset.y, len(self._rows) - 1)][0]

    @property
    def seen(self) -> tuple[int, int]:
        """The first character on the screen, and the one behind the last."""
        if not self._rows:
            return 0, 0
        last = min(self.scroll_offset.y + self._height, len(self._rows)) - 1
        return self.top_character, self._rows.rows[max(0, last)][1]

    def start_of_row_above(self, rows: int) -> int:
        """The character at which the row begins that is so many above the first one seen."""
        above = max(0, self.scroll_offset.y - rows)
        return self._rows.rows[above][0] if self._rows else 0

    # Keys and mouse

    def action_step(self, direction: int) -> None:
        """The token before or behind the cursor."""
        at = self._number_at(self.cursor) + direction
        count = len(self.spans) or len(self.text)
        if 0 <= at < count:
            self.move_cursor(self.spans[at][0] if self.spans else at)
        else:
            self.post_message(self.Edge(direction, passed=True))

    def action_row(self, direction: int) -> None:
        self._move_rows(direction)

    def action_page(self, direction: int) -> None:
        self._move_rows(direction * max(1, self._height - 1))

    def action_jump(self, share: int) -> None:
        self.post_message(self.Jump(float(share)))

    def on_focus(self) -> None:
        first, behind = self.seen
        if not first <= self.cursor < behind:
            self.cursor = self._token_at(first)
        self.call_later(self._point)  # by then it has the focus
        self.refresh()

    def on_blur(self) -> None:
        self.post_message(self.Pointed(None))
        self.refresh()

    def on_click(self, event: Click) -> None:
        character = self._character_under(event.x, event.y)
        if character is not None:
            self.move_cursor(character)

    def on_mouse_move(self, event: MouseMove) -> None:
        character = self._character_under(event.x, event.y)
        self.post_message(self.Pointed(None if character is None else self._span_at(character)))

    def on_leave(self, event: Leave) -> None:
        self._point()

    def on_mouse_scroll_down(self, event: MouseScrollDown) -> None:
        if self.scroll_offset.y >= self.max_scroll_y:
            self.post_message(self.Edge(1, passed=True))

    def on_mouse_scroll_up(self, event: MouseScrollUp) -> None:
        if self.scroll_offset.y <= 0:
            self.post_message(self.Edge(-1, passed=True))

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if new_value > old_value and new_value > self.max_scroll_y - self._height:
            self.post_message(self.Edge(1, passed=False))
        elif new_value < old_value and new_value < self._height:
            self.post_message(self.Edge(-1, passed=False))

    def on_resize(self, event: Resize) -> None:
        if self.scrollable_content_region.width != self._rows.width:
            top = self.top_character
            self._break_into_rows()
            self.scroll_to_character(top)

    # Drawing

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        if index >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        if self._rows.is_border(index):
            words = HELD_OUT.center(self.size.width, "─")[: self.size.width]
            return Strip([Segment(words, self.get_component_rich_style("token-preview--border"))])
        row = Strip(self._segments(*self._rows.rows[index]))
        return row.extend_cell_length(self.size.width, self.rich_style).crop(0, self.size.width)

    def _segments(self, start: int, end: int) -> list[Segment]:
        """The characters of a row, joined where token and kind are the same."""
        segments: list[Segment] = []
        under = self._span_at(self.cursor) if self.has_focus else None
        edges = () if under is None else under[:2]
        for at, stop in alike(self.text, self._marks, start, end, edges):
            shown = "".join(self._glyphs[c][0] for c in self.text[at:stop])
            if under is not None and under[0] <= at < under[1]:
                style = self.get_component_rich_style("token-preview--cursor")
            else:
                style = self._style(self._marks[at], self.text[at].isspace())
            segments.append(Segment(shown, style))
        return segments

    def _style(self, mark: int, blank: bool) -> Style:
        if mark == PLAIN:
            style = self.rich_style
        elif mark == UNKNOWN:
            style = self.get_component_rich_style("token-preview--unknown")
        else:
            style = self.get_component_rich_style(f"token-preview--tint-{mark % UNDERLINED}")
            if mark >= UNDERLINED:
                style += Style(underline=True)
        return style + Style(dim=True) if blank else style

    def _break_into_rows(self) -> None:
        width = self.scrollable_content_region.width
        self._rows = PreviewLayout(
            self.text, width, self._border, self._glyphs, space_leads=self._space_leads
        )
        self.virtual_size = Size(width, len(self._rows))
        self.refresh()

    # Places

    @property
    def _height(self) -> int:
        return max(1, self.scrollable_content_region.height)

    def _number_at(self, character: int) -> int:
        """The number of the token that a character belongs to; of the character without tokens."""
        if not self.spans:
            return character
        return max(0, bisect_right(self.spans, character, key=lambda span: span[0]) - 1)

    def _token_at(self, character: int) -> int:
        at = min(self._number_at(max(0, character)), (len(self.spans) or len(self.text)) - 1)
        return max(0, self.spans[at][0] if self.spans else at)

    def _span_at(self, character: int) -> Span | None:
        return self.spans[self._number_at(character)] if self.spans else None

    def _move_rows(self, rows: int) -> None:
        """Moves the cursor up or down, in its column of cells as far as that goes."""
        row = self._rows.row_of(self.cursor)
        target = row + rows
        if not 0 <= target < len(self._rows):
            last = len(self._rows) - 1
            if row == (last if rows > 0 else 0):
                self.post_message(self.Edge(1 if rows > 0 else -1, passed=True))
                return
            target = max(0, min(target, last))
        if self._rows.is_border(target):
            target = max(0, min(target + (1 if rows > 0 else -1), len(self._rows) - 1))
        column = self._rows.column_of(self.cursor)
        self.move_cursor(self._rows.character_at(target, column))
        if self._rows.row_of(self.cursor) == row and target != row:  # a long token reaches up here
            start, end = self._rows.rows[target]
            self.move_cursor(max(start, end - 1))

    def _character_under(self, x: int, y: int) -> int | None:
        row = y + self.scroll_offset.y
        if not 0 <= row < len(self._rows) or self._rows.is_border(row):
            return None
        return self._rows.character_at(row, x)

    def _point(self) -> None:
        under = self._span_at(self.cursor) if self.has_focus else None
        self.post_message(self.Pointed(under))
