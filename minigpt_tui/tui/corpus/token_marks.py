"""Which characters of a text are drawn alike: a mark on each, by the token that it belongs to."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from minigpt_tui.tui.corpus.token_spans import Span

TINTS = 5
PLAIN, UNKNOWN = 255, 254
UNDERLINED = 128
"""Added to the tint of every second token: without colours its underline tells the two apart."""


def token_marks(spans: Sequence[Span], length: int, *, underline: bool) -> bytes:
    """One byte a character: the tint of its token, with a mark on every second token."""
    marks = bytearray([PLAIN]) * length
    for number, (start, end, token_id) in enumerate(spans):
        mark = number % TINTS + (UNDERLINED if underline and number % 2 else 0)
        marks[start:end] = bytes([UNKNOWN if token_id == 0 else mark]) * (end - start)
    return bytes(marks)


def alike(
    text: str, marks: bytes, start: int, end: int, edges: Collection[int]
) -> Iterator[tuple[int, int]]:
    """The runs of a row whose characters have one mark, and are all white space or none of them;
    a run ends at an edge, too."""
    at = start
    while at < end:
        mark, blank = marks[at], text[at].isspace()
        stop = at + 1
        while (
            stop < end
            and marks[stop] == mark
            and text[stop].isspace() == blank
            and stop not in edges
        ):
            stop += 1
        yield at, stop
        at = stop
