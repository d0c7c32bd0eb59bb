"""What the Predict pane asks of a model, to be called in a worker thread: load it, and answer."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from minigpt_tui.runs.folder import RunFolder

if TYPE_CHECKING:
    from minigpt_tui.inference.service import GPTService, TokenPrediction
    from minigpt_tui.inference.word_search import WordPredictions

MAX_PASSES = 32
"""Forward passes for the words after a prompt that was typed: a second or two."""
FEW_PASSES = 8
"""The same for a model that got better by itself, and may soon get better again."""

Stamp = tuple[int, int]
"""When a file was last written (nanoseconds) and its size: another stamp, another model."""


@dataclass(frozen=True, eq=False)
class AskedModel:
    """A run's best model, ready to answer."""

    run: RunFolder
    service: GPTService

    @property
    def level(self) -> str:
        return self.service.tokenizer.level

    @property
    def nats_per_char(self) -> float | None:
        """The validation loss on the scale of `loss_stage`, at every level; None: not measured."""
        bits = self.metric("bits_per_char")
        return None if bits is None else bits * math.log(2)

    def metric(self, name: str) -> float | None:
        """A number that the checkpoint tells; None where it tells none."""
        value = self.service.metrics.get(name)
        return value if isinstance(value, int | float) and math.isfinite(value) else None


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked: how the model goes on from a prompt, in as many rows as can be shown."""

    model: AskedModel
    prompt: str
    rows: int
    max_passes: int
    """How many forward passes the search for words may take."""


@dataclass(frozen=True)
class Answer:
    """What the model says so far. `words` is None until the search has begun."""

    tokens: tuple[TokenPrediction, ...]
    prompt_tokens: int
    unknown: tuple[str, ...]
    words: WordPredictions | None = None
    complete: bool = False


def stamp_of(run: RunFolder) -> Stamp | None:
    """The stamp of a run's best model; None when it has none."""
    try:
        status = run.best.stat()
    except OSError:
        return None
    return status.st_mtime_ns, status.st_size


def load_model(run: RunFolder) -> AskedModel:
    """The best model of a run. Raises ValueError that names the file and the fault."""
    from minigpt_tui.inference.service import GPTService

    return AskedModel(run, GPTService(run.best))


def answers(question: Question, should_stop: Callable[[], bool]) -> Iterator[Answer]:
    """Better and better answers: first the tokens, then words, the last one complete.

    Ends early, without a complete answer, when `should_stop()` says so before a forward pass of
    the search for words. Raises ValueError when the model gives no numbers.
    """
    service, prompt = question.model.service, question.prompt
    answer = Answer(
        tokens=tuple(service.predict_next(prompt, question.rows)),
        prompt_tokens=len(service.tokenize(prompt, add_special_tokens=False)),
        unknown=tuple(service.unknown(prompt)),
    )
    yield answer
    searched = service.search_words(
        prompt, question.rows, max_passes=question.max_passes, should_stop=should_stop
    )
    for words in searched:
        if words.unexplored_mass < 1:
            answer = replace(answer, words=words)
            yield answer
    if not should_stop():
        yield replace(answer, complete=True)


def likeliest_text(model: AskedModel, answer: Answer) -> str | None:
    """The text of the most probable token that can be appended to a prompt by itself.

    Special tokens stand for no text, and some BPE tokens for a part of a character only.
    """
    for token in answer.tokens:
        try:
            text = model.service.tokenizer.token_bytes(token.id).decode("utf-8")
        except UnicodeDecodeError:
            continue
        if text:
            return text
    return None
