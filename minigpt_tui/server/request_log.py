"""A line for each request that was answered, for whoever started the server."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from minigpt_tui.server.errors import GONE
from minigpt_tui.text.safe import visible

CLIENT_GONE = "gone"
LONGEST_PATH = 60


class RequestLog:
    """Says `POST /v1/completions 200 0.34 s` when an answer is complete.

    A client that went before it was is named so in place of the status.
    """

    def __init__(self, app: ASGIApp, say: Callable[[str], None]) -> None:
        self.app = app
        self.say = say

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.monotonic()
        status, complete = 0, False

        async def watched(message: Message) -> None:
            nonlocal status, complete
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)
            complete = message["type"] == "http.response.body" and not message.get("more_body")

        try:
            await self.app(scope, receive, watched)
        finally:
            seconds = time.monotonic() - began
            path = visible(scope["path"])
            path = path if len(path) <= LONGEST_PATH else path[: LONGEST_PATH - 1] + "…"
            ending = status if complete and status != GONE else CLIENT_GONE
            self.say(f"{visible(scope['method'])} {path} {ending} {seconds:.2f} s")
