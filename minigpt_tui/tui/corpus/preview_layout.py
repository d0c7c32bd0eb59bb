"""Where the characters of a preview stand: its rows, with a line of its own for the border."""

from __future__ import annotations

from bisect import bisect_right

from minigpt_tui.tui.widgets.preview_rows import Glyphs, Row, preview_rows


class PreviewLayout:
    """The rows of a text in a width of so many cells; a row without characters is the border."""

    def __init__(
        self, text: str, width: int, border: int | None, glyphs: Glyphs, *, space_leads: bool
    ) -> None:
        """`border` is the character before which its line stands, if that is in the text."""
        self.text = text
        self.width = width
        self.glyphs = glyphs
        self.rows: list[Row] = []
        if width:
            inside = border is not None and 0 <= border < len(text)
            cut = border if inside and border is not None else 0
            self.rows = self._between(0, cut, space_leads) if cut else []
            if inside:
                self.rows.append((cut, cut))
            self.rows += self._between(cut, len(text), space_leads)
        self._starts = [start for start, _ in self.rows]

    def __len__(self) -> int:
        return len(self.rows)

    def is_border(self, row: int) -> bool:
        start, end = self.rows[row]
        return start == end

    def row_of(self, character: int) -> int:
        return max(0, bisect_right(self._starts, character) - 1)

    def column_of(self, character: int) -> int:
        """In cells from the beginning of its row."""
        start = self.rows[self.row_of(character)][0]
        return sum(self.glyphs[c][1] for c in self.text[start:character])

    def character_at(self, row: int, column: int) -> int:
        """The character that covers a cell of a row, or the last one of the row."""
        start, end = self.rows[row]
        cells = 0
        for character in range(start, end):
            cells += self.glyphs[self.text[character]][1]
            if cells > column:
                return character
        return max(start, end - 1)

    def _between(self, start: int, end: int, space_leads: bool) -> list[Row]:
        text = self.text if (start, end) == (0, len(self.text)) else self.text[start:end]
        rows = preview_rows(text, self.width, self.glyphs, space_leads=space_leads)
        return [(start + one, start + other) for one, other in rows] if start else rows
