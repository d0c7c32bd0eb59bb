"""Who may ask: the Host and Origin headers, the key, and how much a request may hold and how long.

A page in a browser can send requests to this machine from any site. Such a request names the site's
own host (DNS rebinding) or, where it could change or cost anything, its origin: both are refused.
No answer can be read from another site, since CORS is never granted.
"""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from minigpt_tui.server.errors import ApiError

MAX_BODY = 2 * 2**20
BODY_SECONDS = 30.0
"""A body that is not there by then is not waited for."""
LOCAL_NAMES = ("localhost", "127.0.0.1", "[::1]")
OPEN_PATHS = ("/health",)
"""Paths that need no key: something must be able to see that the server lives."""


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine only."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Guard:
    """Lets a request through, or answers it."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], api_key: str | None) -> None:
        self.app = app
        self.hosts = {host.lower() for host in hosts}
        self.api_key = api_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        error = self._host_error(headers) or self._origin_error(headers)
        error = error or self._key_error(scope["path"], headers) or _length_error(headers)
        if error is not None:
            await error.response()(scope, receive, send)
            return
        try:
            await self.app(scope, _bounded(receive), send)
        except _TooLargeError:
            await _too_large().response()(scope, receive, send)
        except _TooSlowError:
            sentence = f"The request was not complete after {BODY_SECONDS:.0f} seconds."
            late = ApiError(sentence, status=408, code="body_too_slow").response()
            late.headers["Connection"] = "close"
            await late(scope, receive, send)

    def _host_error(self, headers: Headers) -> ApiError | None:
        if not self.hosts:  # listening on every address with a key: its names are not known
            return None
        if _name_of(headers.get("host", "")) in self.hosts:
            return None
        return ApiError("This server does not go by that name.", status=421, code="wrong_host")

    def _origin_error(self, headers: Headers) -> ApiError | None:
        """Browsers name the site whose page asks; other programs name none."""
        origin = headers.get("origin")
        if origin is None or not self.hosts:  # where the key is asked for, no page has it
            return None
        if _site_of(origin) in self.hosts:
            return None
        return ApiError("A page of another site may not ask.", status=403, code="wrong_origin")

    def _key_error(self, path: str, headers: Headers) -> ApiError | None:
        if self.api_key is None or path in OPEN_PATHS:
            return None
        given = headers.get("authorization", "")
        wanted = f"Bearer {self.api_key}"
        if hmac.compare_digest(given.encode(), wanted.encode()):
            return None
        return ApiError(
            "This server needs its key: send it as `Authorization: Bearer KEY`.",
            status=401,
            kind="authentication_error",
            code="invalid_api_key",
        )


def _name_of(host: str) -> str:
    """A Host header without its port, in small letters."""
    host = host.lower()
    return host if host.endswith("]") else host.rsplit(":", 1)[0] if ":" in host else host


def _site_of(origin: str) -> str:
    """The host's name in an Origin header; empty for `null` and for what is none."""
    try:
        return _name_of(urlsplit(origin).netloc)
    except ValueError:  # brackets that hold no address
        return ""


class _TooLargeError(Exception):
    pass


class _TooSlowError(Exception):
    pass


def _too_large() -> ApiError:
    return ApiError(
        f"The request is larger than {MAX_BODY:,} bytes.", status=413, code="body_too_large"
    )


def _length_error(headers: Headers) -> ApiError | None:
    length = headers.get("content-length", "0")
    if not length.isdecimal() or int(length[:20]) > MAX_BODY:
        return _too_large()
    return None


def _bounded(receive: Receive) -> Receive:
    """Counts what comes, for a body that does not tell its length, and waits for it no longer."""
    taken, complete = 0, False
    deadline = asyncio.get_running_loop().time() + BODY_SECONDS

    async def counted() -> Message:
        nonlocal taken, complete
        if complete:  # what comes now is that the client has gone
            return await receive()
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise _TooSlowError from None
        taken += len(message.get("body", b""))
        if taken > MAX_BODY:
            raise _TooLargeError
        complete = not message.get("more_body", False)
        return message

    return counted
