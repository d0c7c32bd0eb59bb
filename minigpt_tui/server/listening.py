"""The HTTP server beneath the application, and for how long it waits for a client.

uvicorn waits forever for a client that has connected and says nothing, that says its request letter
by letter, or that takes none of its answer. A few hundred of those would hold every place there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.auto import AutoHTTPProtocol

ASK_SECONDS = 15.0
"""From a connection, or the first byte after an answer, to the end of a request's headers."""
TAKE_SECONDS = 60.0
"""For a client to make room, once as much as the system holds for it waits to be taken."""
END_SECONDS = 5
"""For what is being answered when the server is told to end."""


def server_of(app: ASGIApp) -> uvicorn.Server:
    """A server that is yet to be run."""
    return uvicorn.Server(
        uvicorn.Config(
            app,
            http=ImpatientProtocol,
            ws="none",
            log_level="warning",
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=END_SECONDS,
        )
    )


class ImpatientProtocol(AutoHTTPProtocol):  # type: ignore[misc, valid-type]
    """One connection, which ends when its client is too slow."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._asking, self._taking = _Alarm(self.loop), _Alarm(self.loop)
        self._asking.set(ASK_SECONDS, self._end_unless_asked)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_asked:
            self._asking.stop()
        else:
            self._asking.set(ASK_SECONDS, self._end_unless_asked)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._asking.stop()
        self._taking.stop()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._taking.set(TAKE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        super().resume_writing()
        self._taking.stop()

    @property
    def _is_asked(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end_unless_asked(self) -> None:
        if not self._is_asked:
            self.transport.close()


class _Alarm:
    """Goes off once, unless it is stopped; setting it again does not put it off."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._timer: asyncio.TimerHandle | None = None

    def set(self, seconds: float, then: Callable[[], None]) -> None:
        if self._timer is None:
            self._timer = self._loop.call_later(seconds, self._go_off, then)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _go_off(self, then: Callable[[], None]) -> None:
        self._timer = None
        then()
