"""A token as a label of so many cells: legible, cut with an ellipsis, filled up with blanks."""

from __future__ import annotations

from rich.cells import cell_len
from textual.content import Content

from minigpt_tui.text.safe import shown_token
from minigpt_tui.tui.widgets.bars import standing


def token_label(token: str, width: int, *, right: bool = False) -> Content:
    """Exactly `width` cells; `right` puts the label at their right end."""
    label = Content(standing(shown_token(token))).truncate(width, ellipsis=True)
    blank = " " * (width - label.cell_length)
    return Content.assemble(blank, label) if right else Content.assemble(label, blank)


def quoted(token: str, width: int = 24) -> Content:
    """A token in quotation marks, of at most so many cells between them."""
    return Content.assemble(
        "“", Content(standing(shown_token(token))).truncate(width, ellipsis=True), "”"
    )


def label_width(tokens: list[str] | tuple[str, ...], most: int) -> int:
    """How many cells the widest of the tokens wants, at most so many."""
    widest = max((cell_len(standing(shown_token(token))) for token in tokens), default=1)
    return max(1, min(most, widest))
