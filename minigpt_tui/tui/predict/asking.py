"""What the Predict pane asks of a model, and the answers: computed in a worker thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from minigpt_tui.text.token_pieces import shown_bytes, token_pieces
from minigpt_tui.tui.predict.asked_model import AskedModel
from minigpt_tui.tui.predict.text_scores import Scores

if TYPE_CHECKING:
    from minigpt_tui.analysis.comparison import Divergence, TextComparison
    from minigpt_tui.analysis.surprisal import Surprisal
    from minigpt_tui.inference.layers import Floats
    from minigpt_tui.inference.service import Context, GPTService, TokenPrediction
    from minigpt_tui.inference.word_search import WordPredictions

MAX_PASSES = 32
"""Forward passes for the words after a prompt that was typed: a second or two."""
FEW_PASSES = 8
"""The same for a model that got better by itself, and may soon get better again."""


@dataclass(frozen=True)
class Draft:
    """A text as it stands: a prompt, the tokens behind it, and the place that is looked at."""

    prompt: str
    added: tuple[int, ...] = ()
    at: int | None = None
    """The token before which the model is asked; None: the end, behind them all."""


@dataclass(frozen=True, eq=False)
class Question:
    """What is asked: how the model goes on at a place, in as many rows as can be shown."""

    model: AskedModel
    draft: Draft
    rows: int
    max_passes: int
    """How many forward passes the search for words may take."""
    other: AskedModel | None = None
    """A second model, to be compared with. Then a place counts the pieces of `TextComparison`."""

    @property
    def prompt(self) -> str:
        return self.draft.prompt


@dataclass(frozen=True, eq=False)
class Compared:
    """What a second model says of the same place and the same text."""

    tokens: tuple[TokenPrediction, ...]
    logits: Floats
    text: TextComparison
    divergence: Divergence | None
    """None: the vocabularies differ."""


@dataclass(frozen=True, eq=False)
class Answer:
    """What the model says so far. `scored` and `words` are None until they are known."""

    tokens: tuple[TokenPrediction, ...]
    """The next tokens by the model's own probability, the most probable first."""
    logits: Floats
    """[V] for the token at the place that was asked for."""
    context: Context
    pieces: tuple[str, ...]
    """The text of each token of the whole draft."""
    ids: tuple[int, ...]
    prompt_ids: int
    """How many of the ids are the prompt's."""
    at: int
    unknown: tuple[str, ...]
    scored: Surprisal | None = None
    words: WordPredictions | None = None
    compared: Compared | None = None
    complete: bool = False

    @property
    def at_end(self) -> bool:
        return self.at == len(self.pieces)


def answers(
    question: Question, should_stop: Callable[[], bool], scores: Scores
) -> Iterator[Answer]:
    """Better and better answers: the tokens, the surprisal of the text, then words.

    Ends early, without a complete answer, when `should_stop()` says so before a forward pass.
    Raises ValueError when the model gives no numbers.
    """
    from minigpt_tui.text.cancel import CancelledError

    try:
        if question.other is not None:
            yield from _compared(question, question.other, should_stop, scores)
            return
        answer, before = _first_answer(question)
        yield answer
        service = question.model.service
        answer = replace(answer, scored=scores.of(service, answer.ids, should_stop))
        yield answer
    except CancelledError:
        return
    if question.max_passes:
        searched = service.search_words(
            before,
            question.rows,
            max_passes=question.max_passes,
            should_stop=should_stop,
            context=answer.context,
        )
        for words in searched:
            if words.unexplored_mass < 1:
                answer = replace(answer, words=words)
                yield answer
    if not should_stop():
        yield replace(answer, complete=True)


def likeliest_token(model: AskedModel, answer: Answer) -> int | None:
    """The most probable token that can be appended to a prompt by itself.

    Special tokens stand for no text, and some BPE tokens for a part of a character only.
    """
    return next((token.id for token in answer.tokens if _token_text(model, token.id)), None)


def _token_text(model: AskedModel, token: int) -> str | None:
    """What a token adds to a text by itself; None for nothing, and for part of a character."""
    try:
        return model.service.tokenizer.token_bytes(token).decode("utf-8") or None
    except UnicodeDecodeError:
        return None


def _first_answer(question: Question) -> tuple[Answer, str]:
    """The next tokens, and the text before the place that is looked at."""
    from minigpt_tui.analysis.text_surprisal import seen_before
    from minigpt_tui.inference.service import Context

    service, draft = question.model.service, question.draft
    tokenizer = service.tokenizer
    prompt = service.prompt_tokens(draft.prompt)
    read = draft.prompt[:-1] if prompt.after_space else draft.prompt
    spans = tokenizer.spans(read)
    pieces = [read[start:end] or shown_bytes(tokenizer.token_bytes(i)) for start, end, i in spans]
    pieces += token_pieces([tokenizer.token_bytes(token) for token in draft.added])
    ids = (*prompt.ids, *draft.added)
    at = len(ids) if draft.at is None else min(draft.at, len(ids))
    if at == len(ids):
        context = service.context(draft.prompt, draft.added)
        before = _whole_text(service, draft)
    else:
        context = Context(seen_before(ids, at, service.config.model.max_seq_len))
        before = read[: spans[at][0]] if at < len(spans) else read
        before += tokenizer.decode(draft.added[: max(0, at - len(spans))])
    logits = service.next_logits(context)
    answer = Answer(
        tokens=_listed(service, logits, _best(logits, question.rows)),
        logits=logits,
        context=context,
        pieces=tuple(pieces),
        ids=ids,
        prompt_ids=len(prompt.ids),
        at=at,
        unknown=tuple(service.unknown(draft.prompt)),
    )
    return answer, before


def _compared(
    question: Question, other: AskedModel, should_stop: Callable[[], bool], scores: Scores
) -> Iterator[Answer]:
    """What both models say, by the text alone: their tokens may be cut differently."""
    from minigpt_tui.analysis.comparison import divergence
    from minigpt_tui.inference.sampler_chain import softmax

    service, draft = question.model.service, question.draft
    whole = _whole_text(service, draft)
    text = scores.comparison(service, other.service, whole, should_stop)
    at = len(text.pieces) if draft.at is None else min(draft.at, len(text.pieces))
    before = "".join(text.pieces[:at])
    context = service.context(before)
    logits, others = service.next_logits(context), other.service.next_logits(before)
    same = question.model.vocabulary == other.vocabulary
    best, others_best = _best(logits, question.rows), _best(others, question.rows)
    if same:  # the same rows for both, so that they can be read across
        p, q = softmax(logits), softmax(others)
        best = others_best = sorted({*best, *others_best}, key=lambda i: -max(p[i], q[i]))
    yield Answer(
        tokens=_listed(service, logits, best),
        logits=logits,
        context=context,
        pieces=text.pieces,
        ids=(),
        prompt_ids=0,
        at=at,
        unknown=tuple(service.unknown(draft.prompt)),
        compared=Compared(
            tokens=_listed(other.service, others, others_best),
            logits=others,
            text=text,
            divergence=divergence(logits, others) if same else None,
        ),
        complete=True,
    )


def _whole_text(service: GPTService, draft: Draft) -> str:
    if not draft.added:
        return draft.prompt
    prompt = service.prompt_tokens(draft.prompt)  # the first token may carry the prompt's space
    read = draft.prompt[:-1] if prompt.after_space else draft.prompt
    return read + service.tokenizer.decode(draft.added)


def _best(logits: Floats, count: int) -> list[int]:
    import numpy as np

    best: list[int] = np.argsort(-logits, kind="stable")[:count].tolist()
    return best


def _listed(service: GPTService, logits: Floats, ids: Sequence[int]) -> tuple[TokenPrediction, ...]:
    from minigpt_tui.inference.sampler_chain import softmax
    from minigpt_tui.inference.service import TokenPrediction

    probs = softmax(logits)
    return tuple(TokenPrediction(service.tokenizer.token_text(i), i, float(probs[i])) for i in ids)
