"""A model that other programs ask while the workbench is open: `minigpt-tui serve` in a child.

A process of its own, so that no request is ever felt on the screen. It ends with its standard
input, which the system closes however the workbench ends.
"""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
from collections import deque

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.safe import visible

USUAL_PORT = 8000
KEPT_REQUESTS = 200
_ADDRESS = re.compile(r"http://\S+:(\d+)/v1")


class Serving:
    """Starts the server for a run's best model, and knows what it says."""

    def __init__(self, run: RunFolder, data: DataFolder, usual_port: int = USUAL_PORT) -> None:
        self.run = run
        self.data = data
        self.usual_port = usual_port
        self.port: int | None = None
        """Where it listens, as soon as it does."""
        self.requests: deque[str] = deque(maxlen=KEPT_REQUESTS)
        """The newest requests, the last one last; safe to show."""
        self.answered = 0
        self.said: list[str] = []
        """What it said before it listened: the model, or why it cannot serve. Safe to show."""
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None

    @property
    def address(self) -> str | None:
        return None if self.port is None else f"http://127.0.0.1:{self.port}/v1"

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def took_another_port(self) -> bool:
        return self.port is not None and self.port != self.usual_port

    def start(self) -> None:
        """Returns at once; `port` tells when it listens."""
        self.port, self.said = None, []
        port = self.usual_port if _is_free(self.usual_port) else 0
        command = [sys.executable, "-m", "minigpt_tui", "serve", "--data-dir", str(self.data.root)]
        command += ["--run", self.run.name, "--port", str(port)]
        self._process = subprocess.Popen(
            [*command, "--watch", "--requests", "--until-eof"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env={**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8"},
            start_new_session=True,  # a signal for the workbench is none for it
        )
        self._reader = threading.Thread(target=self._read, args=(self._process,), daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Lets it answer what it has begun, and end; returns at once."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def wait(self) -> int:
        """Until it has ended and all that it said is read; its exit code."""
        assert self._process is not None
        assert self._reader is not None
        self._reader.join()
        return self._process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        """In a thread: takes in what it says, to the end."""
        assert process.stdout is not None
        for line in process.stdout:
            sentence = visible(line.rstrip("\n"))
            if self.port is not None:
                self.requests.append(sentence)
                self.answered += 1
                continue
            self.said.append(sentence)
            found = _ADDRESS.search(sentence)
            if found is not None:
                self.port = int(found[1])
        process.wait()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
