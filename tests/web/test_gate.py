"""Only a browser with the printed address comes to the workbench, and no other site through it."""

from __future__ import annotations

import socket
import sys
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp.web import AppRunner, SockSite

from minigpt_tui.web.gate import cookie_name, netloc
from minigpt_tui.web.server import WorkbenchServer

TOKEN = "a-token-that-nobody-guesses"
NOBODY = [sys.executable, "-c", "raise SystemExit"]
"""A process that ends at once: what is tested comes before it."""


@pytest.fixture
async def server() -> AsyncIterator[WorkbenchServer]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        serving = WorkbenchServer(NOBODY, listening.getsockname()[1], TOKEN)
        runner = AppRunner(await serving.application())
        await runner.setup()
        await SockSite(runner, listening).start()
        yield serving
        await runner.cleanup()


@pytest.fixture
async def browser() -> AsyncIterator[aiohttp.ClientSession]:
    """Keeps cookies, those of an address without a name too."""
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        yield session


async def test_the_printed_address_opens_the_page_and_all_that_it_needs(server, browser):
    async with browser.get(server.address) as page:
        assert page.status == 200
        text = await page.text()
        cookie = page.cookies[cookie_name(server.port)]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Strict"
        assert page.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
    assert f"ws://127.0.0.1:{server.port}/ws" in text
    script = f"{server.public_url}/static/js/textual.js"
    assert script in text
    async with browser.get(script) as answer:  # by the cookie alone
        assert answer.status == 200
    headers = {"Origin": server.public_url}
    async with browser.ws_connect(f"{server.public_url}/ws", headers=headers) as page:
        assert not page.closed


@pytest.mark.parametrize("path", ["/", "/?token=", "/?token=wrong", "/static/js/textual.js", "/x"])
async def test_without_the_token_there_is_nothing(server, browser, path):
    async with browser.get(f"{server.public_url}{path}") as answer:
        assert answer.status == 403
        assert "whole address" in await answer.text()
        assert not answer.cookies


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "localhost"]
)
async def test_another_name_is_refused_even_with_the_token(server, browser, host):
    headers = {"Host": host.format(port=server.port)}
    async with browser.get(server.address, headers=headers) as answer:
        assert answer.status == 421
        assert not answer.cookies


async def test_localhost_is_sent_to_the_address(server, browser):
    local = f"http://{netloc(server.port, 'localhost')}/?token={TOKEN}"
    async with browser.get(local, allow_redirects=False) as answer:
        assert answer.status == 307
        assert answer.headers["Location"] == server.address
    async with browser.get(f"http://localhost:{server.port}/ws?token={TOKEN}") as answer:
        assert answer.status == 421


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1", "http://localhost:{port}", "", None],
)
async def test_no_other_site_opens_a_websocket(server, browser, origin):
    async with browser.get(server.address) as page:
        assert page.status == 200  # the cookie is there
    headers = {} if origin is None else {"Origin": origin.format(port=server.port)}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.ws_connect(f"{server.public_url}/ws?token={TOKEN}", headers=headers)
    assert refused.value.status == 403


async def test_no_websocket_without_the_token(server, browser):
    headers = {"Origin": server.public_url}
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await browser.ws_connect(f"{server.public_url}/ws", headers=headers)
    assert refused.value.status == 403


async def test_no_other_site_sends_a_request(server, browser):
    headers = {"Origin": "http://evil.example"}
    async with browser.get(server.address, headers=headers) as answer:
        assert answer.status == 403


def test_browsers_leave_out_the_usual_port():
    assert netloc(80) == "127.0.0.1"
    assert netloc(8001) == "127.0.0.1:8001"
