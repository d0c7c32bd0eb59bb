"""Text as it is generated: bytes of tokens in, printable pieces out, up to a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence


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


def _overlap(text: str, stop: str) -> int:
    """Length of the longest end of `text` that begins `stop`."""
    longest = min(len(text), len(stop) - 1)
    return next((n for n in range(longest, 0, -1) if text.endswith(stop[:n])), 0)
