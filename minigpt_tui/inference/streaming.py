"""Text as it is generated: bytes of tokens in, printable pieces out, up to a stop string."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator, Sequence
from typing import AnyStr, Protocol, TypeVar


class TextStream:
    """Decodes bytes as they come.

    Text is held back while a character is incomplete or while its end could begin a stop string;
    it ends before the first stop string. Bytes that are no UTF-8 become U+FFFD.
    """

    def __init__(self, stop: Sequence[str] = ()) -> None:
        self.stopped = False
        """Whether a stop string has come; nothing follows it."""
        self._stop = stop
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""

    def push(self, piece: bytes) -> str:
        """What can be shown now; may be empty."""
        assert not self.stopped
        return self._released(self._decoder.decode(piece))

    def finish(self) -> str:
        """What was still held back, when no more bytes come."""
        if self.stopped:
            return ""
        text = self._released(self._decoder.decode(b"", final=True))
        held, self._held = self._held, ""
        return text if self.stopped else text + held

    def _released(self, new: str) -> str:
        held = self._held + new
        ends = [at for at in (held.find(s) for s in self._stop) if at >= 0]
        if ends:
            self.stopped = True
            self._held = ""
            return held[: min(ends)]
        safe = len(held) - max((_overlap(held, s) for s in self._stop), default=0)
        self._held = held[safe:]
        return held[:safe]


def stream_text(pieces: Iterable[bytes], stop: Sequence[str] = ()) -> Iterator[str]:
    """The text of the pieces as a `TextStream` releases it; none is empty."""
    stream = TextStream(stop)
    for piece in pieces:
        if text := stream.push(piece):
            yield text
        if stream.stopped:
            return
    if text := stream.finish():
        yield text


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
