"""The server as a whole: its routes, its guard, and what it starts and ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from minigpt_tui.inference.decoding import Decoder
from minigpt_tui.server import endpoints
from minigpt_tui.server.completions import complete
from minigpt_tui.server.errors import ApiError, gone
from minigpt_tui.server.guard import Guard
from minigpt_tui.server.request_log import RequestLog
from minigpt_tui.server.served_model import Shelf

log = logging.getLogger(__name__)
WATCH_SECONDS = 2.0


def application(
    shelf: Shelf,
    *,
    hosts: tuple[str, ...],
    api_key: str | None = None,
    watch: bool = False,
    on_request: Callable[[str], None] | None = None,
) -> Starlette:
    """The ASGI application. `hosts` are the names that a request may call it by; () is any.

    `on_request` gets a line for each request when it has been answered.
    """
    watched = [Middleware(RequestLog, say=on_request)] if on_request is not None else []

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.shelf = shelf
        app.state.decoder = Decoder()
        app.state.predictions = asyncio.Semaphore(endpoints.PREDICTIONS_AT_ONCE)
        watching = asyncio.create_task(_watch(shelf)) if watch else None
        try:
            yield
        finally:
            if watching is not None:
                watching.cancel()
            await run_in_threadpool(app.state.decoder.close)

    return Starlette(
        routes=[
            Route("/health", endpoints.health),
            Route("/openapi.json", endpoints.openapi),
            Route("/v1/models", endpoints.models),
            Route("/v1/models/{name}", endpoints.model),
            Route("/v1/completions", complete, methods=["POST"]),
            Route("/tokenize", endpoints.tokenize, methods=["POST"]),
            Route("/detokenize", endpoints.detokenize, methods=["POST"]),
            Route("/tokenizer_info", endpoints.tokenizer_info),
            Route("/predict", endpoints.predict, methods=["POST"]),
        ],
        middleware=[*watched, Middleware(Guard, hosts=hosts, api_key=api_key)],
        exception_handlers={
            ApiError: _api_error,
            ClientDisconnect: _gone,
            HTTPException: _http_error,
            ValueError: _value_error,
            Exception: _bug,
        },
        lifespan=lifespan,
    )


async def _watch(shelf: Shelf) -> None:
    """Takes up a better checkpoint when the training has written one."""
    while True:
        await asyncio.sleep(WATCH_SECONDS)
        await run_in_threadpool(shelf.exchange_if_changed)


async def _api_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, ApiError)
    return error.response()


async def _gone(request: Request, error: Exception) -> Response:
    """It went before its request was complete: nobody is there to be answered."""
    return gone().response()


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    messages = {
        404: "There is no such path. /openapi.json names those that there are.",
        405: "This path does not take that method.",
    }
    message = messages.get(error.status_code, error.detail)
    if "/chat/" in request.url.path:
        message = (
            "This model was not taught to chat, only to go on writing: send a prompt to "
            "/v1/completions."
        )
    answer = ApiError(message, status=error.status_code)
    response = answer.response()
    response.headers.update(error.headers or {})
    return response


async def _value_error(request: Request, error: Exception) -> Response:
    """What the model cannot do, in its own words."""
    return ApiError(str(error)).response()


async def _bug(request: Request, error: Exception) -> Response:
    log.error("A request failed", exc_info=error)
    sentence = "Something went wrong in the server; its log has the details."
    return ApiError(sentence, status=500, kind="server_error").response()
