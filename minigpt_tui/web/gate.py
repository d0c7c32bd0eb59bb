"""Who may open the workbench: only a browser that was given the address with its token.

Any page in a browser can send requests to this machine. What keeps them out:

- The Host header must be ours. A page whose own name was made to point here (DNS rebinding) says
  that name.
- The Origin header, where there is one, must be ours, and a WebSocket must have one. WebSockets
  know no same-origin rule, so a foreign page could open one.
- Everything needs the token, in the address or in the cookie that the first page sets. The cookie
  is SameSite=Strict, so that it does not come along with what another site asks for, and HttpOnly.
"""

from __future__ import annotations

import hmac

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

LOCAL_ADDRESS = "127.0.0.1"
HTTP_PORT = 80
"""What browsers leave out of an address."""

WRONG_HOST = (
    "This is not the address of the workbench. Open the one that minigpt-tui web has printed; "
    "through a tunnel, use the same port at both ends."
)
WRONG_ORIGIN = "Another site may not use the workbench."
WRONG_TOKEN = "Open the whole address that minigpt-tui web has printed, with its token."


def netloc(port: int, host: str = LOCAL_ADDRESS) -> str:
    """Host and port as a browser names them."""
    return host if port == HTTP_PORT else f"{host}:{port}"


def cookie_name(port: int) -> str:
    """Cookies are shared by all ports of a host, so that each server needs its own."""
    return f"minigpt_tui_{port}"


def gate(port: int, token: str) -> Middleware:
    """The middleware before every request."""
    ours, also_ours = netloc(port), netloc(port, "localhost")

    @web.middleware
    async def let_in(request: web.Request, handler: Handler) -> web.StreamResponse:
        host, origin = request.headers.get(hdrs.HOST, ""), request.headers.get(hdrs.ORIGIN)
        if host == also_ours and request.path == "/":
            raise web.HTTPTemporaryRedirect(f"http://{ours}{request.path_qs}")
        if host != ours:
            raise web.HTTPMisdirectedRequest(text=WRONG_HOST)
        is_websocket = request.headers.get(hdrs.UPGRADE, "").lower() == "websocket"
        if origin != f"http://{ours}" and (origin is not None or is_websocket):
            raise web.HTTPForbidden(text=WRONG_ORIGIN)
        in_address = _same(request.query.get("token"), token)
        if not in_address and not _same(request.cookies.get(cookie_name(port)), token):
            raise web.HTTPForbidden(text=WRONG_TOKEN)
        response = await handler(request)
        if not response.prepared:
            response.headers.update(_headers(ours))
            if in_address:
                response.set_cookie(cookie_name(port), token, httponly=True, samesite="Strict")
        return response

    return let_in


def _same(given: str | None, wanted: str) -> bool:
    """Compared in a time that says nothing about the token."""
    return hmac.compare_digest((given or "").encode(), wanted.encode())


def _headers(ours: str) -> dict[str, str]:
    """The page is in no frame, tells its address to nobody, and loads nothing from elsewhere."""
    policy = (
        "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data:; font-src 'self' data:; connect-src 'self' ws://{ours}; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    )
    return {
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
