"""Shows the beginning of a text with its tokens in alternating tints, white space included."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from minigpt_tui.tui.widgets.preview_rows import Glyphs, Row, preview_rows

TINTS = 5
_PLAIN, _UNKNOWN = 255, 254
_MARKED = 128
"""Added to the tint of every second token: without colours its underline tells the two apart."""


class TokenPreview(ScrollView, can_focus=True):
    """A text of some ten thousand characters, broken into rows; only visible rows are drawn."""

    DEFAULT_CSS = """
    TokenPreview {
        background: $background; scrollbar-size-vertical: 1;
        &> .token-preview--tint-0 { background: #4a90d9 26%; }
        &> .token-preview--tint-1 { background: #e0a030 22%; }
        &> .token-preview--tint-2 { background: #3fae7a 24%; }
        &> .token-preview--tint-3 { background: #a774d6 26%; }
        &> .token-preview--tint-4 { background: #8a96a8 24%; }
        &> .token-preview--unknown { background: $error 30%; color: $error; text-style: bold; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        *(f"token-preview--tint-{tint}" for tint in range(TINTS)),
        "token-preview--unknown",
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_home", show=False),
        Binding("end", "scroll_end", show=False),
    ]

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self.text = ""
        self._marks = b""
        self._space_leads = False
        self._glyphs = Glyphs()
        self._rows: list[Row] = []
        self._width = 0

    def show_text(self, text: str) -> None:
        """Shows a text from its beginning, as yet without tokens."""
        self.text = text
        self._marks = bytes([_PLAIN]) * len(text)
        self._break_into_rows()
        self.scroll_home(animate=False)

    def show_tokens(self, spans: Sequence[tuple[int, int, int]], level: str) -> None:
        """Tints the tokens of the text: (start, end, id) each, in characters."""
        self._marks = token_marks(spans, len(self.text), underline=level != "char")
        if self._space_leads != (level != "char"):
            self._space_leads = level != "char"
            self._break_into_rows()
        self.refresh()

    def on_resize(self, event: Resize) -> None:
        if self.scrollable_content_region.width != self._width:
            self._break_into_rows()

    def render_line(self, y: int) -> Strip:
        index = y + self.scroll_offset.y
        if index >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        start, end = self._rows[index]
        row = Strip(self._segments(start, end))
        return row.extend_cell_length(self.size.width, self.rich_style).crop(0, self.size.width)

    def _segments(self, start: int, end: int) -> list[Segment]:
        """The characters of a row, joined where token and kind are the same."""
        segments: list[Segment] = []
        at = start
        while at < end:
            mark, blank = self._marks[at], self.text[at].isspace()
            stop = at + 1
            while stop < end and self._marks[stop] == mark and self.text[stop].isspace() == blank:
                stop += 1
            shown = "".join(self._glyphs[c][0] for c in self.text[at:stop])
            segments.append(Segment(shown, self._style(mark, blank)))
            at = stop
        return segments

    def _style(self, mark: int, blank: bool) -> Style:
        if mark == _PLAIN:
            style = self.rich_style
        elif mark == _UNKNOWN:
            style = self.get_component_rich_style("token-preview--unknown")
        else:
            style = self.get_component_rich_style(f"token-preview--tint-{mark % _MARKED}")
            if mark >= _MARKED:
                style += Style(underline=True)
        return style + Style(dim=True) if blank else style

    def _break_into_rows(self) -> None:
        self._width = self.scrollable_content_region.width
        self._rows = (
            preview_rows(self.text, self._width, self._glyphs, space_leads=self._space_leads)
            if self._width
            else []
        )
        self.virtual_size = Size(self._width, len(self._rows))
        self.refresh()


def token_marks(spans: Sequence[tuple[int, int, int]], length: int, *, underline: bool) -> bytes:
    """One byte a character: the tint of its token, with a mark on every second token."""
    marks = bytearray([_PLAIN]) * length
    for number, (start, end, token_id) in enumerate(spans):
        mark = number % TINTS + (_MARKED if underline and number % 2 else 0)
        marks[start:end] = bytes([_UNKNOWN if token_id == 0 else mark]) * (end - start)
    return bytes(marks)
