"""The border between documents: one text may hold several, as a file of records does.

It is a character of the text, so that a text of many documents is read, sliced and counted like
any other; what is learned or counted from the text never sees it (see `pieces`), and a token file
has <EOT> in its place.
"""

from __future__ import annotations

BORDER = "\ufdd0"
"""Unicode sets this code point aside for what a program means by itself: no text has it."""
BORDER_SHOWN = "<EOT>"
"""What stands for it where a person looks: the token that is learned there."""


def without_borders(text: str) -> str:
    """The documents of a text, one right behind the other."""
    return text.replace(BORDER, "") if BORDER in text else text
