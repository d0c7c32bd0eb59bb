"""A real server on a port of its own, with a small model that has learned its text by heart."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.server.application import application
from minigpt_tui.server.guard import LOCAL_NAMES
from minigpt_tui.server.listening import server_of
from minigpt_tui.server.served_model import Shelf
from tests.tui.predict.asking import trained_run

JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Server:
    """Where it listens, and what it serves."""

    port: int
    run: RunFolder
    app: Any

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, body (parsed if it is JSON) and headers (in lower case) of one request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        with contextlib.closing(connection):
            connection.request(method, path, raw, {**JSON, **(headers or {})})
            answer = connection.getresponse()
            content = answer.read()
            got = {name.lower(): value for name, value in answer.getheaders()}
        is_json = got.get("content-type", "").startswith("application/json")
        assert content.isascii() or not is_json  # so that it may be printed as it comes
        return answer.status, json.loads(content) if is_json else content.decode(), got

    def complete(self, **body: Any) -> Any:
        status, answer, _ = self.request("POST", "/v1/completions", body)
        assert status == 200, answer
        return answer

    def refused(self, path: str, body: Any) -> Any:
        """The error of a request that must be refused as the client's fault."""
        status, answer, _ = self.request("POST", path, body)
        assert status == 400, answer
        return answer["error"]

    def streamed(self, **body: Any) -> list[Any]:
        """The events of a streamed completion, without the closing [DONE]."""
        _, answer, headers = self.request("POST", "/v1/completions", {**body, "stream": True})
        assert headers["content-type"].startswith("text/event-stream"), answer
        events = [event.removeprefix("data: ") for event in answer.split("\n\n") if event]
        assert events[-1] == "[DONE]"
        return [json.loads(event) for event in events[:-1]]


@contextlib.contextmanager
def serving(run: RunFolder, **options: Any) -> Iterator[Server]:
    """Starts a server in a thread, and ends it."""
    app = application(Shelf(run.best, run.name), hosts=LOCAL_NAMES, **options)
    server = server_of(app)
    listening = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    while not server.started:
        assert thread.is_alive()
        thread.join(0.01)
    try:
        yield Server(listening.getsockname()[1], run, app)
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def module_data(tmp_path_factory: pytest.TempPathFactory) -> DataFolder:
    return DataFolder(tmp_path_factory.mktemp("home")).ready()


@pytest.fixture(scope="module", params=["char", "bpe"])
def server(request: pytest.FixtureRequest, module_data: DataFolder) -> Iterator[Server]:
    with serving(trained_run(module_data, f"pets-{request.param}", request.param)) as started:
        yield started
