"""`minigpt-tui web`, started, and a page as far as it can tell: keys go out, a screen comes in."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pyte

from tests.e2e.terminal import KEYS, PROGRAM

PATIENCE = 60.0


class Served:
    """The program, and the address that it has printed."""

    def __init__(self, home: Path) -> None:
        environment = {**os.environ, "MINIGPT_TUI_HOME": str(home), "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            [PROGRAM, "web", "--port", "0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/\?token=([\w-]{32,})", line)
        assert found is not None, line
        self.address = found[0]

    def end(self, number: int) -> str:
        """Sends a signal, waits for the end; what was printed since."""
        self.process.send_signal(number)
        output, error = self.process.communicate(timeout=PATIENCE)
        assert self.process.returncode == 128 + number
        assert "Traceback" not in output + error
        return output + error


class Page:
    """Opens the printed address with its cookie, and then the WebSocket, as the page's script does.

    To be used with `async with`; `leave` is a browser that has gone.
    """

    def __init__(self, address: str, columns: int = 80, lines: int = 24) -> None:
        self.address, self.columns, self.lines = address, columns, lines
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)

    async def __aenter__(self) -> Page:
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        async with self._session.get(self.address) as answer:
            assert answer.status == 200
            found = re.search(r'data-session-websocket-url="([^"]+)"', await answer.text())
        assert found is not None
        url = f"{found[1]}?width={self.columns}&height={self.lines}"
        origin = self.address.partition("/?")[0]
        self._socket = await self._session.ws_connect(url, headers={"Origin": origin})
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Closes the page."""
        self._reading.cancel()
        await self._session.close()

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self._send("stdin", KEYS.get(key, key))

    async def resize(self, columns: int, lines: int) -> None:
        self._screen.resize(lines, columns)
        await self._send("resize", {"width": columns, "height": lines})

    @property
    def text(self) -> str:
        """The screen as it stands, a line a row."""
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def wait_for(self, wanted: str | Callable[[str], bool]) -> str:
        """Waits until the text stands on the screen (or the test holds) and returns the screen."""
        holds = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        deadline = asyncio.get_running_loop().time() + PATIENCE
        while not holds(text := self.text):
            late = asyncio.get_running_loop().time() > deadline
            assert not late, f"{wanted!r} did not appear; the screen is:\n{text}"
            await asyncio.sleep(0.05)
        return text

    async def wait_until_closed(self) -> None:
        """Waits until the server has closed the page."""
        await asyncio.wait_for(self._reading, PATIENCE)

    async def _send(self, kind: str, value: Any) -> None:
        await self._socket.send_json([kind, value])

    async def _read(self) -> None:
        async for message in self._socket:
            if message.type == aiohttp.WSMsgType.BINARY:
                self._stream.feed(message.data)
