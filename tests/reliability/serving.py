"""Promise 8: requests of random shape, slow and dropped clients: the server answers on.

A real server and raw sockets. Its health is asked all the while and must answer at once.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import random
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from minigpt_tui.paths import DataFolder
from tests.reliability.by_pytest import by_pytest
from tests.reliability.frame import BrokenPromiseError, Case, Cases, Trial, expect, tried
from tests.reliability.small import config_for, corpus_in, trained
from tests.reliability.soak import own_memory, slope_of

HEALTH_SECONDS = 0.1
"""Of ten answers of /health, nine must be there so soon; other programs may hold up the tenth."""
PATHS = ("/v1/completions", "/v1/models", "/health", "/tokenize", "/detokenize", "/x", "/", "/v1/")
METHODS = ("POST", "POST", "POST", "GET", "PUT", "DELETE", "OPTIONS", "TRACE", "BREW")
SLOW_CLIENTS = 20
_BODY = b'{"prompt": "the", "max_tokens": 2000, "stream": true}'
_HEAD = b"POST /v1/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
STREAM = _HEAD + f"Content-Length: {len(_BODY)}\r\n\r\n".encode() + _BODY
"""A request whose answer is long."""
FIELDS = ("prompt", "max_tokens", "n", "stop", "logprobs", "echo", "stream", "logit_bias", "seed")
FIELDS += ("temperature", "top_k", "top_p", "min_p", "suffix", "stream_options", "text", "tokens")


def cases(trial: Trial) -> Cases:
    data = DataFolder(trial.folder / "home").ready()
    trained(data, "r", config_for(corpus_in(trial.folder), epochs=1))
    with server(data.root) as (process, port), _slow_clients(port), _health(port) as waits:
        dice = trial.dice("requests")
        memory: list[float] = []
        for number in range(trial.some(300, 10_000)):
            what = f"request {number}"
            yield tried(what, lambda d=dice: _ask(port, d))
            memory.append(own_memory(process.pid))
            if process.poll() is not None:
                yield Case(what, f"the server ended with {process.returncode}")
                return
        for number in range(trial.some(20, 500)):
            yield tried(f"dropped client {number}", lambda d=dice: _drop(port, d))
            memory.append(own_memory(process.pid))
        yield tried("memory", lambda: _expect_flat(np.array(memory), trial.long))
        slow = sorted(waits)[int(0.9 * len(waits))] if waits else 99.0
        yield tried("health", lambda: expect(slow < HEALTH_SECONDS, f"it took {slow:.3f} s"))
    if trial.wants("tests.server"):
        yield from by_pytest(trial, "tests/server")


def _expect_flat(memory: np.ndarray, many: bool) -> None:
    """Over many requests by the trend of the second half; few only show what is coarse."""
    grown = float(memory[-1] - memory[len(memory) // 10])
    expect(grown < 60e6, f"it grew by {grown / 1e6:.0f} MB")
    if many:
        second = memory[len(memory) // 2 :]
        slope, unsure = slope_of(np.arange(len(second), dtype=float), second)
        said = f"{slope / 1e3:+.2f} ± {unsure / 1e3:.2f} kB a request"
        print(f"   memory of the server in the second half: {said}", flush=True)
        expect(slope - unsure <= 0, f"it grows by {said}")


@contextmanager
def _slow_clients(port: int) -> Iterator[None]:
    """Some that never end their request, and some that never read the answer."""
    with contextlib.ExitStack() as clients:
        for number in range(SLOW_CLIENTS):
            client = socket.create_connection(("127.0.0.1", port), timeout=10)
            clients.callback(client.close)
            client.sendall(STREAM[: 10 + number] if number % 2 else STREAM)
        yield


@contextmanager
def server(home: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`serve` on a data folder: the process and its port."""
    command = [sys.executable, "-m", "minigpt_tui", "serve", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--data-dir", str(home)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                yield process, int(found[1])
                return
        raise BrokenPromiseError("the server did not begin")
    finally:
        process.terminate()
        process.wait()


@contextmanager
def _health(port: int) -> Iterator[list[float]]:
    """Asks for the server's health ten times a second, and notes how long each answer took."""
    waits: list[float] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.1):
            began = time.monotonic()
            with contextlib.suppress(OSError):
                connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                connection.request("GET", "/health")
                connection.getresponse().read()
                connection.close()
            waits.append(time.monotonic() - began)

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield waits
    finally:
        done.set()
        thread.join()


def _ask(port: int, dice: random.Random) -> None:
    """One request: an answer in JSON or as a stream, and never the server's fault."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        headers = {"Content-Type": dice.choice(("application/json", "text/plain", "x"))}
        if dice.random() < 0.1:
            headers["Host"] = dice.choice(("evil.example", "127.0.0.1:1", "", "[::1]"))
        if dice.random() < 0.1:
            headers["Origin"] = dice.choice(("http://evil.example", "null", "x"))
        if dice.random() < 0.1:
            headers["Authorization"] = dice.choice(("Bearer x", "Basic eA==", "é" * 10))
        connection.request(
            dice.choice(METHODS), dice.choice(PATHS), body=_body(dice), headers=headers
        )
        answer = connection.getresponse()
        raw = answer.read()
    finally:
        connection.close()
    expect(answer.status < 500 or answer.status == 503, f"status {answer.status}: {raw[:300]!r}")
    if answer.status >= 400 and raw and answer.getheader("content-type") == "application/json":
        json.loads(raw)
    expect(b"Traceback" not in raw, f"{raw[:300]!r}")


def _body(dice: random.Random) -> bytes:
    kind = dice.random()
    if kind < 0.1:
        return dice.randbytes(dice.randrange(300))
    if kind < 0.15:
        return b"[" * dice.randrange(1, 20_000)
    if kind < 0.2:
        return json.dumps(_value(dice, 3)).encode()
    fields = {name: _value(dice, 2) for name in dice.sample(FIELDS, dice.randrange(1, 7))}
    return json.dumps({"prompt": "the c", "max_tokens": 4, **fields}).encode()


def _value(dice: random.Random, depth: int) -> Any:
    plain = [None, True, 0, 1, -1, 2, 4, 10**30, 0.5, -0.5, 1e308, "", "the", "\x00\x1b", "é🙂"]
    plain += [float("nan"), float("inf"), "x" * 2000, [], {}, [0], [1, 2], ["a", "b"], {"2": 1}]
    if depth == 0 or dice.random() < 0.7:
        return dice.choice(plain)
    inner = [_value(dice, depth - 1) for _ in range(dice.randrange(4))]
    return inner if dice.random() < 0.5 else {str(n): value for n, value in enumerate(inner)}


def _drop(port: int, dice: random.Random) -> None:
    """A client that goes in the middle of its request, or of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        if dice.random() < 0.5:
            client.sendall(STREAM[: dice.randrange(len(STREAM))])
        else:
            client.sendall(STREAM)
            client.recv(dice.randrange(1, 400))
