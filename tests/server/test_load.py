"""The running program under load, asked by OpenAI's own client: 64 streams, and a full line.

`python -m pytest -m peer -n 0 -s tests/server/test_load.py` prints how soon /health answers then.
"""

from __future__ import annotations

import asyncio
import json
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from minigpt_tui.paths import DataFolder
from tests.tui.predict.asking import trained_run

openai = pytest.importorskip("openai")
pytestmark = pytest.mark.peer

STREAMS = 64
PROMPTS = (
    "I eat",
    "We",
    "bread and",
    "",
    "rice in the",
    "I eat bread.\nI",
    "the morning",
    "We eat ",
)
ENDLESS = {"n": 16, "max_tokens": 8_000, "logit_bias": {"1": -100}}
MOST_GROWN = 40e6
"""Bytes: what the second and third round may add to what the first took."""


class Running:
    """The server's process, and clients of it."""

    def __init__(self, data: DataFolder) -> None:
        trained_run(data, "pets")
        command = [sys.executable, "-u", "-m", "minigpt_tui", "serve", "--port", "0"]
        self.process = subprocess.Popen(
            [*command, "--data-dir", str(data.root)], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        said = [self.process.stdout.readline() for _ in range(4)]
        found = re.search(r"http://127\.0\.0\.1:\d+/v1", said[-1])
        assert found, said
        self.address = found[0]

    def client(self) -> Any:
        return openai.AsyncOpenAI(base_url=self.address, api_key="none", max_retries=0, timeout=120)

    @property
    def memory(self) -> int:
        """Resident bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.findall(r"VmRSS:\s+(\d+) kB", status)[0]) * 1024

    async def health(self) -> Any:
        """From a connection of its own, as a watchdog asks."""
        host, port = self.address.removeprefix("http://").removesuffix("/v1").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        answer = await reader.read()
        writer.close()
        return json.loads(answer.partition(b"\r\n\r\n")[2])

    async def health_seconds(self) -> float:
        """The median of 20 answers."""
        seconds = []
        for _ in range(20):
            began = time.perf_counter()
            await self.health()
            seconds.append(time.perf_counter() - began)
        return statistics.median(seconds)

    async def until(self, writing: int, waiting: int) -> None:
        limit = time.monotonic() + 60
        while (now := await self.health()) != {**now, "writing": writing, "waiting": waiting}:
            assert time.monotonic() < limit, now
            await asyncio.sleep(0.02)


@pytest.fixture(scope="module")
def running(module_data: DataFolder) -> Iterator[Running]:
    started = Running(module_data)
    yield started
    started.process.terminate()
    started.process.communicate()


def question(number: int) -> dict[str, Any]:
    """Half of them want the most probable text, half one drawn by a seed."""
    how = {"temperature": 0} if number % 2 else {"temperature": 1, "seed": number % 16}
    return {"model": "pets", "prompt": PROMPTS[number % 8], "max_tokens": 40, **how}


async def streamed(client: Any, number: int) -> tuple[str, str | None]:
    text, reason = "", None
    async for event in await client.completions.create(**question(number), stream=True):
        text += event.choices[0].text
        reason = event.choices[0].finish_reason
    return text, reason


async def test_64_streams_at_once_are_complete_and_as_if_alone(running: Running) -> None:
    async with running.client() as client:
        alone = []
        for number in range(16):
            (choice,) = (await client.completions.create(**question(number))).choices
            alone.append((choice.text, choice.finish_reason))
        assert len(set(alone)) > 8, "the questions have different answers"
        used = []
        for _ in range(3):
            answers = await asyncio.gather(*(streamed(client, n) for n in range(STREAMS)))
            assert answers == [alone[number % 16] for number in range(STREAMS)]
            used.append(running.memory)
        assert used[2] - used[0] < MOST_GROWN, used
    await running.until(writing=0, waiting=0)


async def test_a_full_line_refuses_lives_and_empties_when_clients_go(running: Running) -> None:
    idle = await running.health_seconds()
    async with running.client() as client:
        streams = [
            await client.completions.create(model="pets", prompt="I eat", stream=True, **ENDLESS)
            for _ in range(20)
        ]
        await running.until(writing=64, waiting=256)
        with pytest.raises(openai.RateLimitError) as refused:
            await client.completions.create(model="pets", prompt="I eat")
        assert int(refused.value.response.headers["retry-after"]) >= 1
        assert refused.value.code == "queue_full"
        busy = await running.health_seconds()
        print(f"\n/health: {1e3 * idle:.1f} ms idle, {1e3 * busy:.1f} ms with 64 texts written")
        for stream in streams:
            await stream.close()
        await running.until(writing=0, waiting=0)
        (choice,) = (await client.completions.create(model="pets", prompt="I eat")).choices
        assert choice.text
