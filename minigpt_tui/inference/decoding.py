"""Many texts written at once by one model, in one thread: each step is shared by all of them.

A `Generation` says what is to be written and where its tokens go. The thread takes new ones in
between two steps, so that a short text does not wait for a long one; what finds no place waits in a
bounded line, and what finds no place there is refused.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from minigpt_tui.inference.engine import Engine, logits_side_by_side
from minigpt_tui.inference.layers import Floats
from minigpt_tui.inference.sampling import Sampling, draw
from minigpt_tui.text.tokenizers import EOT_ID, UNK_ID

AT_ONCE = 64
"""Texts that are written side by side; more would make each of them slow."""

Reason = Literal["stop", "length", "cancelled", "error"]


class BusyError(Exception):
    """The line is full: try again later."""


@dataclass(frozen=True)
class ScoredToken:
    """A token of a text. `log_probability` and `top` are the model's own, before the samplers."""

    id: int
    log_probability: float
    top: tuple[tuple[int, float], ...]
    """The most probable tokens (id, log-probability), as many as were asked for."""


@dataclass(eq=False)
class Generation:
    """One text to be written after `context` (ids, at least one) by the model behind `engine`.

    `on_token` and `on_end` are called in the model's thread and must return at once.
    """

    engine: Engine
    context: Sequence[int]
    sampling: Sampling
    max_new_tokens: int
    on_token: Callable[[ScoredToken], None]
    on_end: Callable[[Reason, str], None]
    """Why there is no more, and for an error the sentence that says so."""
    top: int = 0
    first_bias: Floats | None = None  # [V], added to the logits of the first token
    bias: Mapping[int, float] = field(default_factory=dict)
    cancelled: bool = False
    """Set by whoever wants no more; the text ends before its next token."""

    def __post_init__(self) -> None:
        self._ids = list(self.context)
        self._seen = set(self._ids) - {EOT_ID}
        self._generator = self.sampling.generator()
        self._written = 0

    @property
    def ids(self) -> Sequence[int]:
        """The context and what has been written after it."""
        return self._ids

    def take(self, logits: Floats) -> Reason | None:
        """Draws the next token from the model's logits [V]; why the text ends with it, if so."""
        if self.first_bias is not None and not self._written:
            logits = logits + self.first_bias
        shifted = logits.astype(np.float64)
        shifted -= shifted.max()
        log_p = shifted - np.log(np.exp(shifted).sum())
        biased = logits
        if self.bias:
            biased = logits.copy()
            for token, value in self.bias.items():
                biased[token] += np.float32(value)
            if not np.isfinite(np.delete(biased, UNK_ID)).any():
                return "stop"  # all that could begin the text has been forbidden
        token = draw(biased, self.sampling, self._generator, self._seen)
        if token == EOT_ID:
            return "stop"
        best = np.argsort(-log_p, kind="stable")[: self.top] if self.top else ()
        self.on_token(
            ScoredToken(token, float(log_p[token]), tuple((int(i), float(log_p[i])) for i in best))
        )
        self._ids.append(token)
        self._seen.add(token)
        self._written += 1
        return "length" if self._written >= self.max_new_tokens else None


class Decoder:
    """The thread that writes. Generations of several models may be under way at a time."""

    def __init__(self, line: int = 256) -> None:
        self.line = line
        self._waiting: deque[Generation] = deque()
        self._active: list[Generation] = []
        self._changed = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._work, name="decoder", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    @property
    def active(self) -> int:
        return len(self._active)

    def submit(self, generations: Sequence[Generation]) -> None:
        """Puts texts into the line, all or none. Raises BusyError when there is no room."""
        with self._changed:
            if self._closed or len(self._waiting) + len(generations) > self.line:
                raise BusyError
            self._waiting.extend(generations)
            self._changed.notify()

    def close(self) -> None:
        """Ends every text and the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._waiting or self._active or self._closed):
                    self._changed.wait()
                while self._waiting and len(self._active) < AT_ONCE:
                    self._active.append(self._waiting.popleft())
                if self._closed:
                    ended = [*self._active, *self._waiting]
                    self._active, self._waiting = [], deque()
            if self._closed:
                for generation in ended:
                    generation.on_end("cancelled", "")
                return
            self._active = [one for one in self._active if not self._ended_before_a_step(one)]
            for group in _by_model(self._active):
                for generation in self._step(group):
                    self._active.remove(generation)

    def _ended_before_a_step(self, generation: Generation) -> bool:
        if generation.cancelled:
            generation.on_end("cancelled", "")
        elif generation.max_new_tokens < 1:
            generation.on_end("length", "")
        else:
            return False
        return True

    def _step(self, group: list[Generation]) -> list[Generation]:
        """One token for each; those that ended with it."""
        try:
            logits = logits_side_by_side([one.engine for one in group], [one.ids for one in group])
        except ValueError as error:  # a model that diverged gives no numbers
            for one in group:
                one.on_end("error", str(error))
            return group
        ended = []
        for one, row in zip(group, logits, strict=True):
            reason = one.take(row)
            if reason is not None:
                one.on_end(reason, "")
                ended.append(one)
        return ended


def _by_model(generations: Sequence[Generation]) -> list[list[Generation]]:
    groups: dict[int, list[Generation]] = {}
    for generation in generations:
        groups.setdefault(id(getattr(generation.engine, "weights", generation.engine)), []).append(
            generation
        )
    return list(groups.values())
