"""A reader who types a page's commands, one after the other, and looks at what they print."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pexpect

PATIENCE = 900  # seconds: a shared machine may be slow
TALKATIVE = 30  # seconds after which a server has said what it says at its start
USUAL_PORT = {"serve": 8000, "web": 8001}
_FIGURE = re.compile(r"[-+]?\d+(?:[.,:]\d+)*(?:e[-+]?\d+)?(?: [kMGT]B)?")
_BAR = re.compile(r"[▏▎▍▌▋▊▉█]+")


class Reader:
    """Types into shells, in a folder and with a data folder of its own.

    A server goes on while the page does, at a free port, as the usual one may be taken here.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self._port = _free_port()
        self._server: subprocess.Popen[str] | None = None
        path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
        self._environment = {
            **os.environ,
            "PATH": path,
            "MINIGPT_TUI_HOME": str(folder / "home"),
            "WANDB_MODE": "offline",
            "TERM": "xterm-256color",
        }

    def types(self, text: str, may_end_with: int = 0) -> str:
        """What a command prints. AssertionError if it ends with another code than 0."""
        return self._runs(["bash", "-euo", "pipefail", "-c", self._here(text)], may_end_with)

    def runs_python(self, program: str) -> str:
        """What a program prints; AssertionError if it fails."""
        return self._runs([sys.executable, "-c", self._here(program)], 0)

    def starts_a_server(self, text: str, shown: list[str]) -> str:
        """Starts what serves until the page ends or starts another; what it says at first.

        Waits until it answers, and a while for it to say what the page shows.
        """
        self.leaves()
        self._server = started = self._starts(f"{text} --port {self._port}")
        said: list[str] = []
        threading.Thread(target=_collect, args=(started, said), daemon=True).start()
        _wait_for(lambda: started.poll() is not None or _answers(self._port), PATIENCE)
        _wait_for(lambda: differs(shown, "".join(said)) is None, TALKATIVE)
        up = started.poll() is None and _answers(self._port)
        assert up, f"{text}\nserves nothing:\n{''.join(said)}"
        return "".join(said)

    def opens(self, text: str) -> str:
        """Opens the workbench on a terminal, and leaves it by its key."""
        screen = pexpect.spawn(
            "bash",
            ["-c", text],
            cwd=str(self.folder),
            env=self._environment,  # type: ignore[arg-type]
            dimensions=(36, 120),
            timeout=PATIENCE,
        )
        screen.expect("Corpus")
        screen.sendcontrol("q")
        screen.expect(pexpect.EOF)
        screen.close()
        assert screen.exitstatus == 0, f"{text}\nended with {screen.exitstatus}"
        return ""

    def interrupts(self, text: str, after: str) -> str:
        """Presses ctrl+c once a command has printed `after`; all that it printed."""
        started = self._starts(text)
        assert started.stdout is not None
        said = ""
        for line in started.stdout:
            said += line
            if after in line:
                started.send_signal(signal.SIGINT)
                break
        said += started.communicate(timeout=PATIENCE)[0]
        assert started.returncode == 130, f"{text}\nended with {started.returncode}:\n{said}"
        return said

    def leaves(self) -> None:
        """Stops the server with ctrl+c, as the page says."""
        if self._server is not None:
            self._server.send_signal(signal.SIGINT)
            self._server.wait(timeout=PATIENCE)
            self._server = None

    def _runs(self, words: list[str], may_end_with: int) -> str:
        done = subprocess.run(
            words,
            cwd=self.folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE,
        )
        good = done.returncode in (0, may_end_with)
        assert good, f"{words[-1]}\nended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def _starts(self, text: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-c", f"exec env {text}"],
            cwd=self.folder,
            env={**self._environment, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _here(self, text: str) -> str:
        for port in USUAL_PORT.values():
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{self._port}")
        return text


def differs(shown: list[str], printed: str) -> str | None:
    """The first line of a page's output that the program does not print in that order, if any.

    Figures, their prefixes of bytes and bars are the machine's and do not count; `…` stands for
    anything.
    """
    lines = iter([_plain(line) for line in printed.splitlines()])
    for line in filter(str.strip, shown):
        wanted = re.compile(".*".join(re.escape(part) for part in _plain(line).split("…")))
        if not any(wanted.fullmatch(one) for one in lines):
            return line
    return None


def _plain(line: str) -> str:
    return " ".join(_BAR.sub("", _FIGURE.sub("0", line)).split())


def _collect(started: subprocess.Popen[str], said: list[str]) -> None:
    assert started.stdout is not None
    for line in started.stdout:
        said.append(line)


def _wait_for(true: Callable[[], bool], seconds: float) -> None:
    """Waits until it is true, or no longer than so many seconds."""
    deadline = time.monotonic() + seconds
    while not true() and time.monotonic() < deadline:
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0
