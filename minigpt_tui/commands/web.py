"""`minigpt-tui web`: the workbench in a browser of this machine."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Callable
from typing import TYPE_CHECKING

from minigpt_tui.commands.exit_codes import OK
from minigpt_tui.paths import data_folder

if TYPE_CHECKING:
    import socket

    from minigpt_tui.web.server import WorkbenchServer

TOKEN_BYTES = 24


def add_flags(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Open the workbench in a browser of this machine, at an address with a secret in it. A "
        "closed page is a dropped connection: on_hangup in settings.yaml says what becomes of its "
        "training. A browser keeps ctrl+t and ctrl+n for itself: click instead, or give the "
        "page a window of its own (chromium --app=ADDRESS), in which every key arrives."
    )
    parser.add_argument("--port", type=int, default=8001, help="0: any (default: %(default)s)")


def web(arguments: argparse.Namespace) -> int:
    """Prints an address that only its reader knows, and serves until it is stopped."""
    import asyncio  # 30 ms that other commands need not pay
    import secrets

    try:
        from minigpt_tui.web.server import WorkbenchServer
    except ModuleNotFoundError as error:
        raise ValueError(
            f"This needs {error.name}, which is not installed: pip install 'minigpt-tui[web]'."
        ) from error
    from minigpt_tui.commands.serve import listen
    from minigpt_tui.web.child import command
    from minigpt_tui.web.gate import LOCAL_ADDRESS

    data = data_folder(arguments.data_dir).ready()
    with listen(LOCAL_ADDRESS, arguments.port) as listening:
        port = listening.getsockname()[1]
        server = WorkbenchServer(command(str(data.root)), port, secrets.token_urlsafe(TOKEN_BYTES))
        print(f"The workbench is at {server.address}")
        print("Who has this address can use it. ctrl+c ends it.")
        print("Where ctrl+t opens a tab, click instead, or use: chromium --app=ADDRESS", flush=True)
        received = asyncio.run(_serve(server, listening))
    # The usual way to end it is no failure, but scripts see that it was a signal.
    return 128 + received if received else OK


async def _serve(server: WorkbenchServer, listening: socket.socket) -> int:
    """Serves until a signal comes; its number."""
    import asyncio

    from aiohttp.web import AppRunner, SockSite

    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    hang_up = getattr(signal, "SIGHUP", None)  # comes twice, from the system and from the shell

    def stop(number: int) -> None:
        if not stopped.done():
            stopped.set_result(number)
        elif number != hang_up:
            os._exit(128 + number)  # the workbenches go on with what they do

    _on_signals(stop)
    runner = AppRunner(await server.application(), access_log=None)
    await runner.setup()
    await SockSite(runner, listening).start()
    try:
        received = await stopped
        if server.pages and received != hang_up:  # then there is nothing to print to
            print("\nClosing the pages; a training is saved, or goes on in the background.")
        return received
    finally:
        await runner.cleanup()


def _on_signals(stop: Callable[[int], None]) -> None:
    """Calls `stop` for INT, TERM and HUP; what is ignored (nohup) stays ignored."""
    import asyncio

    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is None or signal.getsignal(number) == signal.SIG_IGN:
            continue
        try:
            loop.add_signal_handler(number, stop, number)
        except NotImplementedError:  # Windows has no such handlers in its event loop
            signal.signal(number, lambda received, frame: loop.call_soon_threadsafe(stop, received))
