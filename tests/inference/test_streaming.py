"""Generated text arrives in whole characters and never shows a stop string."""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.inference.streaming import stream_text, tokens_before


def test_a_character_is_held_back_until_it_is_complete() -> None:
    pieces = [bytes([b]) for b in "a🙂é".encode()]
    assert list(stream_text(pieces)) == ["a", "🙂", "é"]


def test_bytes_that_are_no_text_become_the_replacement_character() -> None:
    assert "".join(stream_text([b"\xff", b"a", b"\xe2\x82"])) == "\ufffda\ufffd"


def test_the_text_ends_before_a_stop_string_that_comes_in_pieces() -> None:
    assert list(stream_text([b"one\n", b"\ntwo"], ["\n\n"])) == ["one"]
    assert list(stream_text([b"one\n", b"two"], ["\n\n"])) == ["one", "\ntwo"]
    assert list(stream_text([b"one\n"], ["\n\n"])) == ["one", "\n"]


def test_nothing_is_drawn_after_a_stop_string() -> None:
    def pieces() -> list[bytes]:
        raise AssertionError("drew on")

    def source():  # type: ignore[no-untyped-def]
        yield b"ab"
        yield from pieces()

    assert list(stream_text(source(), ["b"])) == ["a"]


@settings(deadline=None)
@given(
    st.text("ab€🙂", max_size=30),
    st.lists(st.integers(1, 4), min_size=1, max_size=60),
    st.lists(st.text("ab€", min_size=1, max_size=4), max_size=3),
)
def test_streamed_text_is_the_whole_text_up_to_the_first_stop(
    text: str, sizes: list[int], stops: list[str]
) -> None:
    data, pieces = text.encode(), []
    for size in sizes:
        pieces.append(data[:size])
        data = data[size:]
    pieces.append(data)
    shown = list(stream_text(pieces, stops))
    assert "" not in shown
    whole = "".join(shown)
    assert text.startswith(whole)
    assert not any(stop in whole for stop in stops)
    if whole != text:
        assert any(text[len(whole) :].startswith(stop) for stop in stops)


@dataclass(frozen=True)
class Piece:
    spelled: bytes


@given(
    st.lists(st.sampled_from(["a", "b", "ab", "ba", "é", ""]), max_size=12),
    st.lists(st.sampled_from(["ab", "aab", "é", "bbb"]), max_size=2),
)
def test_tokens_end_before_a_stop_string(pieces: list[str], stops: list[str]) -> None:
    tokens = [Piece(piece.encode()) for piece in pieces]
    kept = list(tokens_before(tokens, stops))
    whole, text = "".join(pieces), b"".join(one.spelled for one in kept).decode()
    assert kept == tokens[: len(kept)]
    ends = [at for at in (whole.find(s) for s in stops) if at >= 0]
    if not ends:
        assert kept == tokens
    else:
        assert len(text) <= min(ends)
        rest = tokens[len(kept)].spelled.decode()
        assert len(text + rest) > min(ends)
