"""The most and least frequent tokens of a text, in as many rows and columns as there is room."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size
from textual.content import Content
from textual.events import Resize
from textual.widgets import Static

from minigpt_tui.text.safe import shown_token
from minigpt_tui.tui.corpus.frequent_tokens import FrequentTokens, TokenCount

_COLUMN, _GAP = 18, 2
_LEAST_ROWS = 3


class TokenTable(Static):
    """Fills the height it is given; there the box that it stands in decides."""

    DEFAULT_CSS = "TokenTable { width: 1fr; height: 1fr; }"

    def __init__(self, id: str | None = None) -> None:
        super().__init__(markup=False, id=id)
        self._found: FrequentTokens | None = None

    def show_tokens(self, found: FrequentTokens | None) -> None:
        """None while they are being counted."""
        self._found = found
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        if self._found is None:
            self.update(Content.styled("They are known when the text is counted.", "dim"))
        else:
            self.update(table(self._found, max(_COLUMN, self.size.width), self.size.height))


def table(found: FrequentTokens, width: int, height: int) -> Content:
    """Two headed lists in `height` rows: where there are few, the frequent ones get most."""
    columns = max(1, (width + _GAP) // (_COLUMN + _GAP))
    cells = (width + _GAP) // columns - _GAP
    rows = max(2, height - 2)
    least_rows = min(max(1, rows // 3), -(-len(found.least) // columns)) if found.least else 0
    most_rows = max(1, rows - least_rows)
    lines = [_heading("Most frequent", f"of {found.distinct:,} that occur")]
    lines += _rows(found.most, found.counted, columns, cells, most_rows)
    if found.least:
        lines.append(_heading("Least frequent", ""))
        lines += _rows(found.least, found.counted, columns, cells, least_rows)
    return Content("\n").join(lines)


def _heading(title: str, more: str) -> Content:
    return Content.assemble((title, "bold $primary"), (f"  {more}" if more else "", "dim"))


def _rows(
    tokens: Sequence[TokenCount], counted: int, columns: int, width: int, rows: int
) -> list[Content]:
    """Read down a column, then the next one."""
    shown = tokens[: columns * rows]
    rows = min(rows, -(-len(shown) // columns)) or 1
    cells = [_cell(token, counted, width) for token in shown]
    return [Content(" " * _GAP).join(cells[row::rows]) for row in range(rows)]


def _cell(token: TokenCount, counted: int, width: int) -> Content:
    """`·the     3.1 %` in `width` cells: a share where it says something, else how often."""
    share = 100 * token.count / max(1, counted)
    figure = f"{share:.1f} %" if share >= 0.05 else f"{token.count:,}×"
    room = width - len(figure) - 1
    name = shown_token(token.text) or "␀"
    if cell_len(name) > room:
        name = set_cell_size(name, room - 1).rstrip() + "…"
    gap = " " * (width - cell_len(name) - len(figure))
    return Content.assemble((name, "bold"), gap, (figure, "$foreground 70%"))
