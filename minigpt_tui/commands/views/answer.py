"""What every view of `minigpt-tui inspect` has in common: its answer, and words for its prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from minigpt_tui.analysis.window import Window
from minigpt_tui.commands.table import token_cell
from minigpt_tui.inference.service import GPTService
from minigpt_tui.text.safe import visible
from minigpt_tui.text.tokenizers import SPECIALS, UNK_ID


@dataclass(frozen=True)
class Answer:
    """What a view found: for programs, and in lines for people."""

    result: Mapping[str, object]
    lines: Sequence[str]


def remarks(window: Window) -> list[str]:
    """What of the prompt the model does not see as it was typed."""
    lines = []
    if window.left_out:
        lines.append(
            f"The prompt is longer than the model's window: the first {window.left_out:,} tokens "
            "are left out."
        )
    if window.unknown:
        shown = ", ".join(f"“{visible(part)}”" for part in window.unknown)
        lines.append(f"Not in the vocabulary, read as <UNK>: {shown}")
    return lines


def checked_position(position: int, window: Window) -> int:
    length = len(window.ids)
    if not -length <= position < length:
        raise ValueError(
            f"There is no position {position}: the model sees {length} tokens, 0 to {length - 1}."
        )
    return position % length


def token_id(service: GPTService, text: str) -> int:
    """The id of the one token that a text is; special tokens go by their names.

    Raises ValueError where it is none, several or unknown.
    """
    if text in SPECIALS:
        return SPECIALS.index(text)
    ids = service.tokenize(text, add_special_tokens=False)
    if len(ids) != 1:
        parts = " ".join(f"“{token_cell(service.tokenizer.token_text(i))}”" for i in ids[:8])
        raise ValueError(
            f"“{visible(text)}” is {len(ids)} tokens, not one{': ' if parts else ''}{parts}. "
            "A word may need the space before it."
        )
    if ids[0] == UNK_ID:
        raise ValueError(f"“{visible(text)}” is not in the vocabulary.")
    return ids[0]


def token_text(service: GPTService, token: int) -> str:
    text: str = service.tokenizer.token_text(int(token))
    return text
