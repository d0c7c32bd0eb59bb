"""The text that a model writes on from a prompt: a thread adds to it, the screen pulls."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from minigpt_tui.tui.asking import AskedModel
from minigpt_tui.tui.samplers import Sampler

log = logging.getLogger(__name__)

MAX_NEW_TOKENS = 300


@dataclass(eq=False)
class Writing:
    """One continuation, from the key press to its end."""

    model: AskedModel
    prompt: str
    sampler: Sampler
    seed: int
    pieces: list[str] = field(default_factory=list)
    """The text so far; a piece is a token, or several where one alone is half a character."""
    seconds: float = 0.0
    error: str | None = None
    done: threading.Event = field(default_factory=threading.Event)
    stopped: bool = False
    """Set by the screen; the thread ends after the token in hand."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def ending(self) -> str:
        """Why there is no more, in words; empty while the model writes."""
        if not self.done.is_set():
            return ""
        if self.error:
            return self.error
        if self.stopped:
            return "stopped"
        # Of BPE tokens up to four spell one character, and so one piece.
        least = MAX_NEW_TOKENS // 4 if self.model.level == "bpe" else MAX_NEW_TOKENS
        if len(self.pieces) < least:
            return "the model ended the text"
        return f"after {MAX_NEW_TOKENS} tokens"

    def asks_the_same_as(self, other: Writing) -> bool:
        """Whether another asks for just the same, so that only a new seed brings a new text."""
        return (self.model, self.prompt, self.sampler) == (other.model, other.prompt, other.sampler)


def write(writing: Writing) -> None:
    """Lets the model write until it is stopped, ends the text, or has written enough."""
    started = time.monotonic()
    sampler = writing.sampler
    try:
        for piece in writing.model.service.generate(
            writing.prompt,
            MAX_NEW_TOKENS,
            temperature=sampler.temperature,
            top_k=sampler.top_k,
            top_p=sampler.top_p,
            seed=writing.seed,
        ):
            writing.pieces.append(piece)
            writing.seconds = time.monotonic() - started
            if writing.stopped:
                return
    except ValueError as error:
        writing.error = str(error)
    except Exception as error:  # a bug must end the text, not the app
        log.exception("The model could not write on")
        writing.error = f"{type(error).__name__}: {error}. The log has the details."
    finally:
        writing.done.set()
