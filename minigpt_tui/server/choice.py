"""One text that a client gets: put together from the model's tokens, in OpenAI's legacy form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from minigpt_tui.inference.decoding import Generation, ScoredToken
from minigpt_tui.inference.streaming import TextStream
from minigpt_tui.server.served_model import ServedModel

FINISH = {"stop": "stop", "length": "length", "cancelled": "stop"}


@dataclass
class Logprobs:
    """Parallel lists, an entry a token. `text_offset` counts characters of the choice's text."""

    tokens: list[str] = field(default_factory=list)
    token_logprobs: list[float | None] = field(default_factory=list)
    top_logprobs: list[dict[str, float] | None] = field(default_factory=list)
    text_offset: list[int] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "tokens": self.tokens,
            "token_logprobs": self.token_logprobs,
            "top_logprobs": self.top_logprobs,
            "text_offset": self.text_offset,
        }


class Choice:
    """Takes tokens, gives pieces of text; knows when a stop string has ended it."""

    def __init__(
        self,
        model: ServedModel,
        index: int,
        stop: Sequence[str],
        logprobs: int | None,
        after_space: bool,
    ) -> None:
        self.model, self.index = model, index
        self.generation: Generation | None = None
        self.finish: str | None = None
        self.error: str | None = None
        self.tokens = 0
        self._logprobs = logprobs
        self._strip_space = after_space
        self._stream = TextStream(stop)
        self._kept = Logprobs()
        self._length = 0  # characters of all tokens so far
        self._given = 0  # characters that have been given out

    @property
    def stopped(self) -> bool:
        return self._stream.stopped

    def echo(self, prompt: str, ids: Sequence[int], scores: Sequence[Any]) -> dict[str, Any]:
        """The prompt as the first piece, with what the model thought of it."""
        top = self._logprobs or 0
        if self._logprobs is not None:
            rows = [(None, []), *scores]
            for token, (value, best) in zip(ids, rows, strict=True):
                self._note(token, value, best if top and value is not None else None)
        self._length = self._given = len(prompt)
        return self._piece(prompt, None)

    def take(self, drawn: ScoredToken) -> dict[str, Any] | None:
        """A token; the piece that can be shown now, if there is one."""
        self.tokens += 1
        spelled = self.model.service.tokenizer.token_bytes(drawn.id)
        if self._strip_space:
            spelled, self._strip_space = spelled.removeprefix(b" "), False
        if self._logprobs is not None:
            self._note(drawn.id, drawn.log_probability, drawn.top if self._logprobs else None)
        text = self._stream.push(spelled)
        return self._piece(text, None) if text else None

    def end(self, reason: str, sentence: str) -> dict[str, Any]:
        """The last piece: what was held back, and why there is no more."""
        self.error = sentence if reason == "error" else None
        self.finish = "stop" if self.stopped else FINISH.get(reason, "stop")
        return self._piece(self._stream.finish(), self.finish)

    def _note(
        self, token: int, log_probability: float | None, top: Sequence[tuple[int, float]] | None
    ) -> None:
        string = self.model.token_string(token)
        self._kept.tokens.append(string)
        self._kept.token_logprobs.append(log_probability)
        best = None
        if top is not None:
            best = {self.model.token_string(one): value for one, value in top}
        self._kept.top_logprobs.append(best)
        self._kept.text_offset.append(self._length)
        self._length += len(string)

    def _piece(self, text: str, finish: str | None) -> dict[str, Any]:
        self._given += len(text)
        logprobs = None
        if self._logprobs is not None:
            kept, self._kept = self._kept, Logprobs()
            if self.stopped:  # of the stop string's own tokens nothing is told
                kept = _before(kept, self._given)
            logprobs = kept.as_json()
        return {
            "index": self.index,
            "text": text,
            "logprobs": logprobs,
            "finish_reason": finish,
        }


def _before(kept: Logprobs, end: int) -> Logprobs:
    count = sum(offset < end for offset in kept.text_offset)
    return Logprobs(
        kept.tokens[:count],
        kept.token_logprobs[:count],
        kept.top_logprobs[:count],
        kept.text_offset[:count],
    )


def joined(pieces: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """All pieces of one choice as the one that a client gets who does not stream."""
    logprobs: dict[str, list[Any]] | None = None
    for piece in pieces:
        if piece["logprobs"] is not None:
            logprobs = logprobs or {name: [] for name in piece["logprobs"]}
            for name, values in piece["logprobs"].items():
                logprobs[name] += values
    return {
        "index": pieces[0]["index"],
        "text": "".join(piece["text"] for piece in pieces),
        "logprobs": logprobs,
        "finish_reason": pieces[-1]["finish_reason"],
    }
