"""Clients that are slow, by mistake or on purpose: none keeps its place for long."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.server import guard, listening
from tests.server.conftest import Server, serving
from tests.server.test_completions import raw_request, until
from tests.tui.predict.asking import trained_run

HEAD = b"POST /tokenize HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"


@pytest.fixture
def impatient(data: DataFolder, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(listening, "ASK_SECONDS", 1.0)
    monkeypatch.setattr(listening, "TAKE_SECONDS", 0.5)
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.5)
    with serving(trained_run(data, "pets")) as server:
        yield server


def trickled(server: Server, first: bytes, drop: bytes) -> bytes:
    """What a client gets that sends `first` and then drop by drop until it is let go."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=0.05) as client:
        client.sendall(first)
        got, limit = b"", time.monotonic() + 60
        while time.monotonic() < limit:
            try:
                received = client.recv(65536)
            except TimeoutError:
                client.sendall(drop)
                continue
            except ConnectionError:
                return got
            if not received:
                return got
            got += received
    raise AssertionError("it is still listened to")


def test_who_says_nothing_is_let_go(impatient: Server) -> None:
    assert trickled(impatient, b"", b"") == b""


def test_who_trickles_headers_is_let_go(impatient: Server) -> None:
    assert trickled(impatient, HEAD, b"X") == b""


def test_who_trickles_a_second_request_is_let_go(impatient: Server) -> None:
    got = trickled(impatient, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /", b"x")
    assert got.startswith(b"HTTP/1.1 200")


def test_who_trickles_a_body_is_told_so(impatient: Server) -> None:
    got = trickled(impatient, HEAD + b"Content-Length: 1000\r\n\r\n{", b" ")
    assert got.startswith(b"HTTP/1.1 408")
    assert b"body_too_slow" in got


def test_who_goes_in_the_middle_of_a_request_is_not_made_a_fuss_of(
    data: DataFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    with serving(trained_run(data, "pets"), on_request=said.append) as server:
        for part in (HEAD, HEAD + b"Content-Length: 100\r\n\r\n{"):
            with socket.create_connection(("127.0.0.1", server.port)) as client:
                client.sendall(part)
        until(lambda: len(said) == 1)
    assert said[0].startswith("POST /tokenize gone")
    assert "Traceback" not in capfd.readouterr().err


def test_a_long_answer_is_not_taken_for_slowness(
    data: DataFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "ASK_SECONDS", 0.4)
    monkeypatch.setattr(listening, "TAKE_SECONDS", 0.4)
    monkeypatch.setattr(guard, "BODY_SECONDS", 0.4)
    with serving(trained_run(data, "pets")) as server:
        began = time.monotonic()
        pieces = server.streamed(prompt="I eat", max_tokens=8_000, logit_bias={1: -100})
        assert time.monotonic() - began > 0.4
        assert pieces[-1]["choices"][0]["finish_reason"] == "length"


def test_who_takes_none_of_a_long_answer_gives_its_place_back(impatient: Server) -> None:
    decoder = impatient.app.state.decoder
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        client.connect(("127.0.0.1", impatient.port))
        asked = {"prompt": "I eat", "n": 8, "max_tokens": 8_000, "stream": True, "logprobs": 1}
        client.sendall(raw_request({**asked, "logit_bias": {1: -100}}))
        until(lambda: decoder.active == 8)
        until(lambda: not decoder.active)
    assert impatient.request("GET", "/health")[0] == 200
