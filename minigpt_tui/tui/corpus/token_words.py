"""A token of a text in words: what it is, and how often it occurs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from minigpt_tui.text.border import BORDER, BORDER_SHOWN
from minigpt_tui.text.safe import shown_token

if TYPE_CHECKING:
    from minigpt_tui.tui.corpus.text_measure import Counts

_TOKEN_CELLS = 16


def token_in_words(text: str, token_id: int, counts: Counts | None, *, final: bool) -> str:
    """`“·the”  id 257  3.1 %  1,204 times`.

    `counts` are how often each token occurs, [vocab_size], once that is known; `final` is whether
    the ids are those of the whole text yet.
    """
    if text == BORDER:
        return f"{BORDER_SHOWN}  id {token_id}  between documents"
    shown = "".join(map(shown_token, text))
    if cell_len(shown) > _TOKEN_CELLS:
        shown = set_cell_size(shown, _TOKEN_CELLS - 1).rstrip() + "…"
    parts = [f"“{shown}”"]
    if len(text) == 1 and not text.isascii():
        parts.append(f"U+{ord(text):04X}")
    if final:
        parts.append("unknown, id 0" if token_id == 0 else f"id {token_id:,}")
    if counts is not None and token_id < len(counts):
        count, total = int(counts[token_id]), max(1, int(counts.sum()))
        share = f"{100 * count / total:.2g} %" if count / total >= 0.0001 else ""
        parts += [share, "once" if count == 1 else f"{count:,} times"]
    return "  ".join(filter(None, parts))
