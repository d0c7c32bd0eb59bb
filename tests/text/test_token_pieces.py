"""The text of each token: characters stay whole, and no token goes missing."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.text.token_pieces import token_pieces


@given(st.text(max_size=6), st.lists(st.integers(1, 30), max_size=6))
def test_every_token_has_a_piece(text: str, cuts: list[int]) -> None:
    data = text.encode("utf-8", "replace")
    borders = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
    spelled = [data[a:b] for a, b in pairwise(borders)]
    pieces = token_pieces(spelled)
    assert len(pieces) == len(spelled)
    if text.isascii():
        assert "".join(pieces) == text


def test_of_tokens_that_share_a_character_the_first_has_it() -> None:
    assert token_pieces([b"a\xe2", b"\x82", b"\xac", b"b"]) == ["a€", "⟨82⟩", "⟨AC⟩", "b"]
    assert token_pieces([b"\x82", b"a", b"\xe2", b"b"]) == ["⟨82⟩", "a", "⟨E2⟩", "b"]
    assert token_pieces([b"\xf0\x9f", b"\x99"]) == ["⟨F0⟩⟨9F⟩", "⟨99⟩"]
