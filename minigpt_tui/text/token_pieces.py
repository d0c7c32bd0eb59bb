"""The text of each token of a text, where tokens may begin and end inside a character."""

from __future__ import annotations

import codecs
from collections.abc import Sequence


def token_pieces(spelled: Sequence[bytes]) -> list[str]:
    """The text of each token; of those that share a character the first has it.

    The others, and bytes that are no character, are shown as ⟨E2⟩.
    """
    pieces: list[str] = []
    held: list[bytes] = []
    """Tokens that end inside a character."""
    for one in spelled:
        text = _text_so_far([*held, one])
        if text is None:  # no character goes on like this
            pieces += map(shown_bytes, held)
            held, text = [], _text_so_far([one])
        if text is None:
            pieces.append(shown_bytes(one))
        elif text or not one:
            pieces += [text, *map(shown_bytes, [*held, one][1:])]
            held = []
        else:
            held.append(one)
    return pieces + [shown_bytes(one) for one in held]


def _text_so_far(spelled: Sequence[bytes]) -> str | None:
    """The text of tokens that end with a character; empty inside one, None for no characters."""
    data = b"".join(spelled)
    try:
        text, used = codecs.utf_8_decode(data, "strict", False)
    except UnicodeDecodeError:
        return None
    return text if used == len(data) else ""


def shown_bytes(spelled: bytes) -> str:
    """Bytes that are no character by themselves, as ⟨E2⟩⟨82⟩."""
    return "".join(f"⟨{byte:02X}⟩" for byte in spelled)
