"""`minigpt-tui serve`: a trained model over HTTP."""

from __future__ import annotations

import argparse
import errno
import logging
import os
import socket
import threading
from functools import partial
from typing import TYPE_CHECKING

from minigpt_tui.commands.ask import checkpoint_of, damage_of_a_run
from minigpt_tui.text.safe import visible

if TYPE_CHECKING:
    import uvicorn

KEY_VARIABLE = "MINIGPT_TUI_API_KEY"


def serve(arguments: argparse.Namespace) -> int:
    """Loads the model, prints what it is and where it answers, and serves until it is stopped."""
    try:
        from minigpt_tui.server.application import application
        from minigpt_tui.server.guard import LOCAL_NAMES, is_loopback
        from minigpt_tui.server.listening import server_of
        from minigpt_tui.server.served_model import Shelf
    except ModuleNotFoundError as error:
        raise ValueError(
            f"Serving needs {error.name}, which is not installed: pip install 'minigpt-tui[serve]'."
        ) from error
    host, port = arguments.host, arguments.port
    api_key = arguments.api_key or os.environ.get(KEY_VARIABLE) or None
    local = is_loopback(host)
    if not local and api_key is None:
        raise ValueError(
            f"Listening on {visible(host)} lets others on the network ask this model. Set a key "
            f"(--api-key, or better the variable {KEY_VARIABLE}), or stay on 127.0.0.1."
        )
    path, name = checkpoint_of(arguments)
    with damage_of_a_run(arguments):
        shelf = Shelf(path, name)
    print("\n".join(shelf.model.service.describe()))
    listening = listen(host, port)
    shown = f"[{host}]" if ":" in host else host
    port = listening.getsockname()[1]
    print(
        f"Serving {visible(name)} on http://{visible(shown)}:{port}/v1 (ctrl+c stops)", flush=True
    )
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
    logging.getLogger("minigpt_tui").setLevel(logging.INFO)
    app = application(
        shelf,
        hosts=LOCAL_NAMES if local else (),
        api_key=api_key,
        watch=arguments.watch,
        on_request=partial(print, flush=True) if arguments.requests else None,
    )
    server = server_of(app)
    if arguments.until_eof:
        threading.Thread(target=_end_with_input, args=(server,), daemon=True).start()
    with listening:
        server.run(sockets=[listening])
    return 0


def _end_with_input(server: uvicorn.Server) -> None:
    """Whoever holds the other end of standard input is gone when it ends, however that came."""
    while os.read(0, 4096):
        pass
    server.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """The socket, so that a port in use is said before the program claims to serve."""
    if not 0 <= port <= 65535:
        raise ValueError(f"A port is a number from 0 to 65535, not {port}.")
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.socket(family, kind)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen()  # so that whoever reads the address below can come at once
    except socket.gaierror as error:
        raise ValueError(f"There is no address {visible(host)} on this machine.") from error
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise ValueError(
                f"The port {port} is taken by another program. Choose another: --port 0 finds one."
            ) from error
        raise ValueError(f"{visible(host)}:{port} cannot be used: {error.strerror}.") from error
    return listening
