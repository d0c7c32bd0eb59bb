"""Makes text safe and legible for a terminal: what would act on it is shown by a stand-in.

Text of a corpus, a file name or a model is data. A terminal would obey its escape codes, turn
around what stands after a bidirectional override and hide zero-width characters, so every such
text passes through `visible` before it is drawn.
"""

from __future__ import annotations

import unicodedata

_UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_SYMBOL_FOR_NULL = 0x2400  # the control pictures U+2400–U+241F stand for U+0000–U+001F
_SYMBOL_FOR_DELETE = 0x2421


class _StandIns(dict[int, str]):
    """A `str.translate` table that learns a character when it first meets it."""

    def __missing__(self, code: int) -> str:
        self[code] = shown = _stand_in(code)
        return shown


def visible(text: str, *, keep_newlines: bool = False) -> str:
    """`text` without anything that a terminal obeys, reorders or hides.

    Control characters become control pictures (␛), all other characters of the Unicode
    categories Cc, Cf, Cs, Co, Cn, Zl and Zp become their code point (⟨U+202E⟩). Everything else
    stays as it is, and so do newlines where `keep_newlines` asks for it.
    """
    # Printable is what is in none of those categories. Asking line by line is ten times faster
    # than translating, and few lines need the translation.
    lines = [
        line if line.isprintable() else line.translate(_STAND_INS) for line in text.split("\n")
    ]
    return ("\n" if keep_newlines else _stand_in(0x0A)).join(lines)


def shown_token(text: str) -> str:
    """A token as a table shows it: space as ·, newline as ⏎, tab as ⇥, the rest `visible`."""
    return text.translate(_TOKEN)


def _stand_in(code: int) -> str:
    if code < 0x20:
        return chr(_SYMBOL_FOR_NULL + code)
    if code == 0x7F:
        return chr(_SYMBOL_FOR_DELETE)
    if unicodedata.category(chr(code)) in _UNSAFE_CATEGORIES:
        return f"⟨U+{code:04X}⟩"
    return chr(code)


_STAND_INS = _StandIns()
_TOKEN = _StandIns({0x20: "·", 0x0A: "⏎", 0x09: "⇥"})
