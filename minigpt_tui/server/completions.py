"""`POST /v1/completions`: prompts in, texts out, at once or as they are written."""

from __future__ import annotations

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from minigpt_tui.inference.decoding import BusyError, Decoder, Generation, ScoredToken
from minigpt_tui.inference.sampling import MAX_SEED
from minigpt_tui.server.choice import Choice, joined
from minigpt_tui.server.completion_request import (
    MOST_TOKENS_A_REQUEST,
    CompletionRequest,
    Prompt,
    parse,
)
from minigpt_tui.server.errors import ApiError, busy, gone
from minigpt_tui.server.fields import read_object
from minigpt_tui.server.json_answer import JsonAnswer
from minigpt_tui.server.served_model import ServedModel, Shelf
from minigpt_tui.text.tokenizers import EOT_ID

LOOK_SECONDS = 0.25
"""How often it is looked whether a client that waits for everything is still there."""
JOIN_PIECES = 256
"""So many pieces of a text are kept before they become one, which is a tenth as large."""

Piece = dict[str, Any]


@dataclass(frozen=True)
class _Begun:
    """A prompt that is ready to go on from."""

    text: str
    ids: list[int]
    context: list[int]
    after_space: bool
    make: Callable[..., Generation]
    scores: list[Any]


class Answer:
    """A request under way: its choices, and the events that their threads send."""

    def __init__(self, asked: CompletionRequest, model: ServedModel) -> None:
        self.asked, self.model = asked, model
        self.id = f"cmpl-{secrets.token_hex(12)}"
        self.created = int(time.time())
        self.choices: list[Choice] = []
        self.echoes: list[Piece] = []
        self.prompt_tokens = 0
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[tuple[Choice, ScoredToken | tuple[str, str]]] = asyncio.Queue()

    async def begin(self, decoder: Decoder) -> None:
        """Reads the prompts and puts the texts into the line. Raises ApiError."""
        asked = self.asked
        texts = len(asked.prompts) * asked.n
        if texts > decoder.line:
            raise ApiError(f"At most {decoder.line} texts (prompts × n) in one request.", param="n")
        if texts * max(1, asked.max_tokens) * asked.figures_a_token > MOST_TOKENS_A_REQUEST:
            raise ApiError(
                f"At most {MOST_TOKENS_A_REQUEST:,} tokens in one request: prompts × n × "
                "max_tokens × (1 + logprobs) is more.",
                param="max_tokens",
            )
        for prompt in asked.prompts:
            begun = await run_in_threadpool(_begin, self.model, asked, prompt)
            self.prompt_tokens += len(begun.ids)
            told = self.prompt_tokens * asked.n * asked.figures_a_token
            if asked.echo and asked.logprobs is not None and told > MOST_TOKENS_A_REQUEST:
                raise ApiError(
                    f"echo with logprobs tells of at most {MOST_TOKENS_A_REQUEST:,} tokens in one "
                    "request, n times and with (1 + logprobs) figures each. Send fewer prompts.",
                    param="prompt",
                )
            for number in range(asked.n):
                choice = Choice(
                    self.model, len(self.choices), asked.stop, asked.logprobs, begun.after_space
                )
                choice.generation = begun.make(number, *self._listeners(choice))
                self.choices.append(choice)
                if asked.echo:
                    self.echoes.append(choice.echo(begun.text, begun.ids, begun.scores))
        try:
            decoder.submit([one.generation for one in self.choices if one.generation is not None])
        except BusyError:
            raise busy() from None

    def cancel(self) -> None:
        for choice in self.choices:
            if choice.generation is not None:
                choice.generation.cancelled = True

    async def pieces(self) -> AsyncIterator[Piece]:
        """Every piece of every choice in the order in which they come."""
        for echo in self.echoes:
            yield echo
        open_choices = len(self.choices)
        while open_choices:
            choice, event = await self._events.get()
            if choice.finish is not None:
                continue
            piece: Piece | None
            if isinstance(event, ScoredToken):
                piece = choice.take(event)
                if choice.stopped:
                    assert choice.generation is not None
                    choice.generation.cancelled = True
                    ending = choice.end("stop", "")
                    piece = joined([piece, ending]) if piece else ending
                    open_choices -= 1
            else:
                piece = choice.end(*event)
                open_choices -= 1
                if choice.error is not None:
                    raise ApiError(choice.error, status=500, kind="server_error")
            if piece is not None:
                yield piece

    def body(self, choices: list[Piece], usage: bool) -> dict[str, Any]:
        written = sum(choice.tokens for choice in self.choices)
        counted = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": written,
            "total_tokens": self.prompt_tokens + written,
        }
        return {
            "id": self.id,
            "object": "text_completion",
            "created": self.created,
            "model": self.model.name,
            "choices": choices,
            **({"usage": counted} if usage else {}),
        }

    def _listeners(
        self, choice: Choice
    ) -> tuple[Callable[[ScoredToken], None], Callable[[str, str], None]]:
        """What the model's thread calls; the loop may be gone by then."""

        def send(event: ScoredToken | tuple[str, str]) -> None:
            if not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._events.put_nowait, (choice, event))

        return send, lambda reason, sentence: send((reason, sentence))


async def complete(request: Request) -> Response:
    """The endpoint."""
    body = await read_object(request)
    shelf: Shelf = request.app.state.shelf
    model = shelf.model
    asked = await run_in_threadpool(parse, body, model.service.vocab_size)
    answer = Answer(asked, model)
    await answer.begin(request.app.state.decoder)
    if asked.stream:
        return _Stream(answer)
    return JsonAnswer(answer.body(await _whole_choices(answer, request), usage=True))


class _Stream(StreamingResponse):
    """Server-sent events; ends the texts when the client goes, be it before the first of them."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(_events(answer), media_type="text/event-stream")
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self.answer.cancel()


async def _events(answer: Answer) -> AsyncIterator[str]:
    try:
        async for piece in answer.pieces():
            yield _event(answer.body([piece], usage=False))
        if answer.asked.include_usage:
            yield _event(answer.body([], usage=True))
    except ApiError as error:
        yield _event(error.body())
    yield "data: [DONE]\n\n"


def _event(body: dict[str, Any]) -> str:
    return f"data: {json.dumps(body)}\n\n"


async def _whole_choices(answer: Answer, request: Request) -> list[Piece]:
    async def collect() -> list[Piece]:
        by_choice: list[list[Piece]] = [[] for _ in answer.choices]
        async for piece in answer.pieces():
            mine = by_choice[piece["index"]]
            mine.append(piece)
            if len(mine) >= JOIN_PIECES:
                mine[:] = [joined(mine)]
        return [joined(mine) for mine in by_choice]

    collecting = asyncio.ensure_future(collect())
    try:
        while not collecting.done():
            await asyncio.wait([collecting], timeout=LOOK_SECONDS)
            if not collecting.done() and await request.is_disconnected():
                raise gone()
        return collecting.result()
    finally:
        collecting.cancel()
        answer.cancel()


def _begin(model: ServedModel, asked: CompletionRequest, prompt: Prompt) -> _Begun:
    """Reads a prompt. In a thread: a long one takes a moment."""
    service = model.service
    if isinstance(prompt, str):
        engine, context = service.start(prompt)
        ids = service.tokenize(prompt, add_special_tokens=False)
        text, seen, after_space = prompt, context.ids, context.after_space
    else:
        engine, _ = service.start("")
        ids, text, after_space = prompt, str(service.tokenizer.decode(prompt)), False
        seen = prompt or [EOT_ID]
    scores: list[Any] = []
    if asked.echo and asked.logprobs is not None:
        window = service.config.model.max_seq_len
        if len(ids) > window + 1:
            raise ApiError(
                f"echo with logprobs takes a prompt of at most {window + 1} tokens, which is what "
                f"this model sees at once; this one has {len(ids)}.",
                param="prompt",
                code="context_length_exceeded",
            )
        scores = model.score(ids, asked.logprobs)
    first_bias = service.only_after_space if after_space else None

    def make(number: int, on_token: Any, on_end: Any) -> Generation:
        sampling = asked.sampling
        if sampling.seed is not None and number:  # the texts of one prompt are to differ
            sampling = type(sampling)(**{**vars(sampling), "seed": _other(sampling.seed, number)})
        return Generation(
            engine=engine.fork() if number else engine,
            context=seen,
            sampling=sampling,
            max_new_tokens=asked.max_tokens,
            on_token=on_token,
            on_end=on_end,
            top=asked.logprobs or 0,
            first_bias=first_bias,
            bias=asked.logit_bias,
        )

    return _Begun(text, ids, seen, after_space, make, scores)


def _other(seed: int, number: int) -> int:
    return (seed + number) % (MAX_SEED + 1)
