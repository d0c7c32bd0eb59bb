"""The workbench in a real browser: opened, trained, asked; and closed to every other site."""

from __future__ import annotations

import re
import shutil
import socket
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pyte
import pytest
from aiohttp import web

from tests.e2e.page import Served
from tests.e2e.test_journeys import TINY, only_run, remember

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromium") is None, reason="there is no chromium here"),
]
PATIENCE_MS = 120_000


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    from playwright.async_api import async_playwright

    async with async_playwright() as started:
        browser = await started.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        yield browser
        await browser.close()


@pytest.fixture
def served(home):
    remember(home, TINY)
    serving = Served(home)
    yield serving
    if serving.process.poll() is None:
        serving.process.kill()
        serving.process.communicate()


class Screen:
    """What the page is sent; its canvas shows the same, but only as pixels."""

    def __init__(self, page: Page) -> None:
        self._page, self._screen = page, pyte.Screen(200, 60)
        self._stream = pyte.ByteStream(self._screen)
        page.on("websocket", lambda socket: socket.on("framereceived", self._feed))

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def wait_for(self, pattern: str) -> None:
        waited = 0
        while not re.search(pattern, self.text):
            assert waited < PATIENCE_MS, f"{pattern} did not appear; the screen is:\n{self.text}"
            await self._page.wait_for_timeout(100)
            waited += 100

    def _feed(self, frame: bytes | str) -> None:
        if isinstance(frame, bytes):
            self._stream.feed(frame)


async def test_a_newcomer_trains_and_asks_in_the_browser(browser, served, home):
    page = await browser.new_page(viewport={"width": 1280, "height": 800})
    asked_elsewhere = []
    page.on(
        "request",
        lambda r: (
            None if "//127.0.0.1" in r.url or r.url == "data:," else asked_elsewhere.append(r)
        ),
    )
    screen = Screen(page)
    await page.goto(served.address)
    await screen.wait_for("sample_corpus")
    await page.keyboard.press("t")
    await screen.wait_for("completed|Done")
    await page.keyboard.press("F4")
    await screen.wait_for("I eat")
    await page.keyboard.type(" ri")
    await screen.wait_for("I eat ri")
    await screen.wait_for(r"\d\d?\.\d ?%")
    assert only_run(home).best.exists()
    assert not asked_elsewhere, "nothing is loaded from another site"
    cookies = await page.context.cookies()
    assert [(cookie["httpOnly"], cookie["sameSite"]) for cookie in cookies] == [(True, "Strict")]
    await page.keyboard.press("Control+q")
    await page.wait_for_selector("text=The workbench is closed")


async def test_without_the_token_the_browser_is_refused(browser, served):
    page = await browser.new_page()
    answer = await page.goto(served.address.partition("?")[0])
    assert answer is not None
    assert answer.status == 403


async def test_another_site_in_the_same_browser_cannot_drive_it(browser, served):
    """It knows the port, and the browser has the cookie."""
    context = await browser.new_context()
    ours = await context.new_page()
    screen = Screen(ours)
    await ours.goto(served.address)
    await screen.wait_for("sample_corpus")
    address = served.address.partition("?")[0]

    async def evil(request: web.Request) -> web.Response:
        return web.Response(text="<p>a prize</p>", content_type="text/html")

    app = web.Application()
    app.router.add_get("/", evil)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        runner = web.AppRunner(app)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        theirs = await context.new_page()
        await theirs.goto(f"http://localhost:{listening.getsockname()[1]}/")
        opened = await theirs.evaluate(
            """address => new Promise(tell => {
                const socket = new WebSocket(address.replace("http", "ws") + "ws");
                socket.onopen = () => tell(true);
                socket.onerror = () => tell(false);
            })""",
            address,
        )
        assert opened is False
        read = await theirs.evaluate(
            """address => fetch(address, {credentials: "include"}).then(() => true, () => false)""",
            address,
        )
        assert read is False
        framed = await theirs.evaluate(
            """address => new Promise(tell => {
                const frame = document.createElement("iframe");
                frame.onload = () => {
                    try { tell(frame.contentWindow.location.href); } catch { tell("foreign"); }
                };
                frame.src = address;
                document.body.append(frame);
            })""",
            served.address,
        )
        assert framed == "foreign"
        frame = next(f for f in theirs.frames if f != theirs.main_frame)
        assert await frame.query_selector("#terminal") is None, "it is shown in no frame"
        await runner.cleanup()
