"""The workbench on a pseudo-terminal whose bytes are stamped as they come.

Unlike the tests' `Terminal` it draws nothing while it measures, so that the processor belongs to
the program; the screen is put together when somebody asks for it.
"""

from __future__ import annotations

import bisect
import fcntl
import os
import pty
import signal
import struct
import subprocess
import termios
import threading
import time
from pathlib import Path

import pyte

from tests.e2e.terminal import PROGRAM

COLUMNS, LINES = 160, 45


class RawTerminal:
    """Starts `minigpt-tui` in a data folder."""

    def __init__(self, home: Path, *arguments: str) -> None:
        self._chunks: list[tuple[float, bytes]] = []
        self._arrived = threading.Condition()
        parent, child = pty.openpty()
        fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
        environment = {
            **os.environ,
            "MINIGPT_TUI_HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        self.process = subprocess.Popen(
            [str(PROGRAM), *arguments],
            stdin=child,
            stdout=child,
            stderr=child,
            env=environment,
            start_new_session=True,
        )
        os.close(child)
        self._descriptor = parent
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self) -> RawTerminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)  # saves first
            try:
                self.process.wait(60)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        os.close(self._descriptor)

    def send(self, keys: str) -> float:
        """Sends keys; the moment at which they were sent."""
        now = time.perf_counter()
        os.write(self._descriptor, keys.encode())
        return now

    def click(self, column: int, line: int) -> None:
        """A click with the left button on a cell, counted from 0."""
        for ending in "Mm":
            self.send(f"\x1b[<0;{column + 1};{line + 1}{ending}")

    def seconds_until(self, wanted: str, since: float, limit: float = 60) -> float:
        """From the moment `since` until bytes with `wanted` came that were not there before it."""
        needle, deadline = wanted.encode(), since + limit
        with self._arrived:
            while True:
                tail = b""
                newer = bisect.bisect_left(self._chunks, since, key=lambda stamped: stamped[0])
                for moment, chunk in self._chunks[newer:]:
                    tail = tail[-len(needle) :] + chunk
                    if needle in tail:
                        return moment - since
                assert time.perf_counter() < deadline, f"{wanted!r} did not come:\n{self.screen()}"
                self._arrived.wait(0.5)

    def wait_for(self, wanted: str, limit: float = 60) -> None:
        """Waits until the screen, as it stands, has the text."""
        deadline = time.perf_counter() + limit
        while wanted not in (screen := self.screen()):
            assert time.perf_counter() < deadline, f"{wanted!r} did not come:\n{screen}"
            time.sleep(0.1)

    def place_of(self, text: str) -> tuple[int, int]:
        """Column and line of a text on the screen."""
        for line, row in enumerate(self.screen().split("\n")):
            if text in row:
                return row.index(text), line
        raise AssertionError(f"{text!r} is not on the screen")

    def screen(self) -> str:
        """The screen as it stands, a line a row."""
        emulated = pyte.Screen(COLUMNS, LINES)
        stream = pyte.ByteStream(emulated)
        with self._arrived:
            stream.feed(b"".join(chunk for _, chunk in self._chunks))
        return "\n".join(emulated.display)

    def memory(self) -> int:
        """Anonymous memory of the program in bytes (Linux)."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("this system does not tell a process's anonymous memory")

    def _read(self) -> None:
        while True:
            try:
                chunk = os.read(self._descriptor, 65536)
            except OSError:
                return
            if not chunk:
                return
            with self._arrived:
                self._chunks.append((time.perf_counter(), chunk))
                self._arrived.notify_all()
