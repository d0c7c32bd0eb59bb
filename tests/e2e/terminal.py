"""A real pseudo-terminal with the installed program in it, read through a terminal emulator."""

from __future__ import annotations

import os
import signal
import sysconfig
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pyte

PROGRAM = Path(sysconfig.get_path("scripts")) / "minigpt-tui"
KEYS = {
    "enter": "\r",
    "escape": "\x1b",
    "tab": "\t",
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "f1": "\x1bOP",
    "f2": "\x1bOQ",
    "f3": "\x1bOR",
    "f4": "\x1bOS",
    "f5": "\x1b[15~",
    "f6": "\x1b[17~",
    "f7": "\x1b[18~",
    "f8": "\x1b[19~",
    "f9": "\x1b[20~",
    "f10": "\x1b[21~",
}
ALTERNATE_SCREEN, SHOW_CURSOR, MOUSE = 1049, 25, (1000, 1002, 1003, 1006)


class _Screen(pyte.Screen):
    """Remembers which private modes are on; pyte forgets those that it does not draw."""

    def __init__(self, columns: int, lines: int) -> None:
        self.private_modes: set[int] = {SHOW_CURSOR}
        super().__init__(columns, lines)

    def set_mode(self, *modes: int, **options: bool) -> None:
        if options.get("private"):
            self.private_modes.update(modes)
        super().set_mode(*modes, **options)

    def reset_mode(self, *modes: int, **options: bool) -> None:
        if options.get("private"):
            self.private_modes.difference_update(modes)
        super().reset_mode(*modes, **options)

    def report_device_status(self, mode: int, **options: bool) -> None:
        """Answers nothing: the program must not wait for a terminal that is silent."""

    def report_device_attributes(self, mode: int = 0, **options: bool) -> None:
        """Likewise."""


class Terminal:
    """Starts `minigpt-tui` and keeps its screen up to date in a thread."""

    def __init__(
        self,
        home: Path,
        *arguments: str,
        columns: int = 80,
        lines: int = 24,
        program: Path = PROGRAM,
    ) -> None:
        assert program.exists(), "the tests run on the installed program: pip install -e '.[test]'"
        self._screen = _Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        environment = {
            **os.environ,
            "MINIGPT_TUI_HOME": str(home),
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LANG": "C.UTF-8",
        }
        self.process = pexpect.spawn(
            str(program),
            list(arguments),
            dimensions=(lines, columns),
            env=environment,
            timeout=None,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.isalive():
            self.process.kill(signal.SIGKILL)
        self._reader.join(5)
        self.process.close(force=True)

    @property
    def text(self) -> str:
        """The screen as it stands, a line a row."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    @property
    def modes(self) -> set[int]:
        with self._lock:
            return set(self._screen.private_modes)

    @property
    def title(self) -> str:
        """The window title that the program has set."""
        with self._lock:
            return str(self._screen.title)

    def press(self, *keys: str) -> None:
        """Sends keys by name (`f4`, `enter`, `ctrl+q`) or as the text itself."""
        for key in keys:
            if key.startswith("ctrl+"):
                self.process.send(chr(ord(key[-1]) - ord("a") + 1))
            else:
                self.process.send(KEYS.get(key, key))
            time.sleep(0.05)

    def resize(self, columns: int, lines: int) -> None:
        with self._lock:
            self._screen.resize(lines, columns)
        self.process.setwinsize(lines, columns)

    def wait_for(self, wanted: str | Callable[[str], bool], timeout: float = 60) -> str:
        """Waits until the text stands on the screen (or the test holds) and returns the screen."""
        holds = (lambda text: wanted in text) if isinstance(wanted, str) else wanted
        deadline = time.monotonic() + timeout
        while not holds(text := self.text):
            if time.monotonic() > deadline:
                raise AssertionError(f"{wanted!r} did not appear; the screen is:\n{text}")
            time.sleep(0.05)
        return text

    def wait_for_exit(self, timeout: float = 60) -> int:
        """Waits until the program has ended; its exit code, negative for a signal."""
        deadline = time.monotonic() + timeout
        while self.process.isalive():
            assert time.monotonic() < deadline, f"still running; the screen is:\n{self.text}"
            time.sleep(0.05)
        self._reader.join(5)
        status = self.process.exitstatus
        return status if status is not None else -(self.process.signalstatus or 0)

    def assert_restored(self) -> None:
        """The main screen, a visible cursor, and no mouse reports."""
        modes = self.modes
        assert ALTERNATE_SCREEN not in modes
        assert SHOW_CURSOR in modes
        assert not modes.intersection(MOUSE)

    def _read(self) -> None:
        while True:
            try:
                raw = os.read(self.process.child_fd, 65536)
            except OSError:
                return
            if not raw:
                return
            with self._lock:
                self._stream.feed(raw)
