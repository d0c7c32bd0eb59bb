"""The server of the workbench in a browser: a process for each page, and what becomes of it.

A page that is closed, a browser that has gone and a server that ends are all a dropped connection
to the process: its standard input ends, and it does with a training what `on_hangup` says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from aiohttp import WSCloseCode, web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from minigpt_tui.web.child import DRIVER
from minigpt_tui.web.gate import LOCAL_ADDRESS, gate, netloc

HEARTBEAT_SECONDS = 15.0
"""After so long without a sign of life a browser is taken for gone."""
TEMPLATES = Path(__file__).parent / "templates"
"""Our page instead of textual-serve's, which asks another site for its font."""
MOST_CELLS = 1000
"""Columns or lines that a page may ask for."""


class WorkbenchServer(Server):
    """Opens `command` for each page that comes through the gate."""

    def __init__(self, command: Sequence[str], port: int, token: str) -> None:
        super().__init__(
            command[0],
            host=LOCAL_ADDRESS,
            port=port,
            title="minigpt-tui",
            public_url=f"http://{netloc(port)}",
            templates_path=TEMPLATES,
        )
        self.words = list(command)
        self.token = token
        self._open: set[web.WebSocketResponse] = set()

    @property
    def address(self) -> str:
        """What a person opens."""
        return f"{self.public_url}/?token={self.token}"

    @property
    def pages(self) -> int:
        """How many are open."""
        return len(self._open)

    async def application(self) -> web.Application:
        """The aiohttp application."""
        app = await self._make_app()
        app.middlewares.append(gate(self.port, self.token))
        return app

    async def on_startup(self, app: web.Application) -> None:
        """Says nothing: the command has printed the address."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Closes the pages; their handlers then wait until each workbench has saved."""
        closing = (page.close(code=WSCloseCode.GOING_AWAY) for page in list(self._open))
        await asyncio.gather(*closing)

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Passes keys and screens between a page and its workbench, until one of them goes."""
        page = web.WebSocketResponse(heartbeat=HEARTBEAT_SECONDS)
        await page.prepare(request)

        async def close() -> None:
            await page.close()

        workbench = BrowserWorkbench(
            self.words[0],
            write_bytes=page.send_bytes,
            write_str=page.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        workbench.words = self.words
        self._open.add(page)
        try:
            await workbench.start(_cells(request, "width", 80), _cells(request, "height", 24))
            await self._process_messages(page, workbench)
        finally:
            self._open.discard(page)
            await workbench.stop()
        return page


class BrowserWorkbench(AppService):
    """One workbench, without a shell around it and in a session of its own.

    So ctrl+c in the server's terminal reaches the server alone, which then hangs up.
    """

    words: list[str]

    async def _open_app_process(
        self, width: int = 80, height: int = 24
    ) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *self.words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**self._build_environment(width=width, height=height), "TEXTUAL_DRIVER": DRIVER},
            start_new_session=True,
        )
        self._process, self._stdin = process, process.stdin
        return process

    async def stop(self) -> None:
        """Hangs up, and waits until the workbench has done with its training what it should."""
        if self._task is None:
            return
        task, self._task = self._task, None
        self.stdin.close()
        await task
        assert self._process is not None
        await self._process.wait()


def _cells(request: web.Request, name: str, default: int) -> int:
    return max(1, min(to_int(request.query.get(name, ""), default), MOST_CELLS))
