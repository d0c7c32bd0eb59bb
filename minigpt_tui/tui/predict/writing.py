"""How a model writes on from a text: a thread draws tokens, the screen pulls them into the text."""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from minigpt_tui.tui.predict.asked_model import AskedModel
from minigpt_tui.tui.predict.asking import Answer, Draft
from minigpt_tui.tui.predict.composing import Composition, Place
from minigpt_tui.tui.predict.samplers import Sampler

if TYPE_CHECKING:
    from minigpt_tui.inference.service import Drawn

log = logging.getLogger(__name__)

STRIDE = 2_654_435_761
"""Between the seeds of two places: larger than any seed that is turned to by hand."""


@dataclass(eq=False)
class Writing:
    """One continuation, from the key press to its end."""

    model: AskedModel
    draft: Draft
    sampler: Sampler
    length: int
    """How many tokens at most."""
    tokens: list[Drawn] = field(default_factory=list)
    seconds: float = 0.0
    error: str | None = None
    done: threading.Event = field(default_factory=threading.Event)
    stopped: bool = False
    """Set by the screen; the thread ends after the token in hand."""
    drawn: int = 0
    """How many tokens were drawn: the last may be held back before a stop string."""

    @property
    def seed(self) -> int:
        """What the draws begin with: the sampler's seed behind a prompt, another further on.

        With the same one at every step, each would draw at the same place of its distribution.
        """
        return (self.sampler.seed + STRIDE * len(self.draft.added)) % 2**63

    @property
    def ending(self) -> str:
        """Why there is no more, in words; empty while the model writes."""
        if not self.done.is_set():
            return ""
        if self.error:
            return self.error
        if self.stopped:
            return "stopped"
        if len(self.tokens) < self.drawn:
            return "before a stop string"
        if self.drawn < self.length:
            return "the model ended the text"
        return f"after {self.length:,} tokens" if self.length > 1 else "one token"

    @property
    def figures(self) -> str:
        """What was written, and how fast, in a line."""
        speed = f"{self.drawn / self.seconds:,.0f} tokens/s" if self.seconds else "starting"
        seed = f"seed {self.sampler.seed} · " if self.sampler.random else ""
        count = len(self.tokens)
        return f"{seed}{count:,} token{'' if count == 1 else 's'} · {speed}"


class Writer:
    """Lets models write into a composition, one writing at a time."""

    def __init__(self, composition: Composition) -> None:
        self.composition = composition
        self.writing: Writing | None = None
        self._begun: Place | None = None
        """Where the last writing began."""
        self._taken = 0
        """How many of its tokens are in the text."""
        self._left: Place | None = None
        """The text that another one is written instead of."""

    @property
    def writes(self) -> bool:
        return self.writing is not None and not self.writing.done.is_set()

    def begin(
        self, model: AskedModel, sampler: Sampler, length: int, answer: Answer | None
    ) -> Writing:
        """A writing from the place that is looked at, to be given to `write` in a thread.

        Raises ValueError where none can begin (see `Composition.begin`).
        """
        self.end()
        self.composition.begin(answer, instead_of=self._left)
        self._left = None
        self._begun, self._taken = self.composition.place, 0
        self.writing = Writing(model, self.composition.draft, sampler, length)
        return self.writing

    def rewind(self) -> int | None:
        """Back to where the last writing began; how long it was to be.

        None if there was none, or none after this prompt.
        """
        self.end()
        begun = self._begun
        if self.writing is None or begun is None or begun.prompt != self.composition.place.prompt:
            return None
        if begun.head is not None and begun.head not in self.composition.tree.nodes:
            return None
        self._left, self.composition.place = self.composition.place, begun
        return self.writing.length

    def take(self) -> bool:
        """Takes into the text what was written since; whether there was something."""
        if self.writing is None:
            return False
        new = self.writing.tokens[self._taken :]
        self._taken += len(new)
        for token in new:
            self.composition.add(token.id, token.spelled)
        return bool(new)

    def stop(self) -> None:
        if self.writing is not None:
            self.writing.stopped = True

    def end(self) -> None:
        """Keeps what is written so far, and takes no more of it."""
        self.stop()
        self.take()
        if self.writing is not None:
            self._taken = sys.maxsize


def write(writing: Writing) -> None:
    """Lets the model write until it is stopped, ends the text, or has written enough."""
    started = time.monotonic()
    service, draft = writing.model.service, writing.draft
    try:
        from minigpt_tui.inference.streaming import tokens_before

        def drawn_tokens() -> Iterator[Drawn]:
            context = service.context(draft.prompt, draft.added)
            sampling = replace(writing.sampler.sampling(), seed=writing.seed)
            for token in service.draw_tokens(context, writing.length, sampling):
                writing.drawn += 1
                writing.seconds = time.monotonic() - started
                yield token
                if writing.stopped:
                    return

        for token in tokens_before(drawn_tokens(), writing.sampler.stops):
            writing.tokens.append(token)
    except ValueError as error:
        writing.error = str(error)
    except Exception as error:  # a bug must end the text, not the app
        log.exception("The model could not write on")
        writing.error = f"{type(error).__name__}: {error}. The log has the details."
    finally:
        writing.done.set()
