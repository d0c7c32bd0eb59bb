"""Text as it is generated: bytes of tokens in, printable pieces out, up to a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import AnyStr, Protocol, TypeVar


def stream_text(pieces: Iterable[bytes], stop: Sequence[str] = ()) -> Iterator[str]:
    """The decoded pieces, none empty.

    A piece is held back while a character is incomplete or while its end could begin a stop
    string; the text ends before the first stop string. Bytes that are no UTF-8 become U+FFFD.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    held = ""
    for piece in pieces:
        held += decoder.decode(piece)
        ends = [at for at in (held.find(s) for s in stop) if at >= 0]
        if ends:
            if min(ends):
                yield held[: min(ends)]
            return
        safe = len(held) - max((_overlap(held, s) for s in stop), default=0)
        if safe:
            yield held[:safe]
            held = held[safe:]
    held += decoder.decode(b"", final=True)
    if held:
        yield held


class Spelled(Protocol):
    """A token with the bytes that it adds to a text."""

    @property
    def spelled(self) -> bytes: ...


AnyToken = TypeVar("AnyToken", bound=Spelled)


def tokens_before(drawn: Iterable[AnyToken], stop: Sequence[str]) -> Iterator[AnyToken]:
    """The tokens that stand whole before the first stop string.

    A token is held back while the text behind it could begin a stop string.
    """
    stops = [s.encode() for s in stop]
    held: list[AnyToken] = []
    for token in drawn:
        held.append(token)
        text = b"".join(one.spelled for one in held)
        ends = [at for at in (text.find(s) for s in stops) if at >= 0]
        safe = min(ends) if ends else len(text) - max((_overlap(text, s) for s in stops), default=0)
        while held and len(held[0].spelled) <= safe:
            safe -= len(held[0].spelled)
            yield held.pop(0)
        if ends:
            return
    yield from held


def _overlap(text: AnyStr, stop: AnyStr) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
