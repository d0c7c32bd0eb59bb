"""Starts the program as often as one likes without paying for its imports each time.

A process of its own loads everything and runs nothing; for each order it forks a child that runs
the real command. The child can be killed by SIGKILL: after some time, or before its n-th step of
writing to the disk (of a write, in the middle of it). The product knows nothing of
this: the child counts the calls that the system would see.
"""

from __future__ import annotations

import builtins
import importlib
import io
import json
import mmap
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HUNG_SECONDS = 120.0
KILLED = -signal.SIGKILL
_COUNTED = ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir")


@dataclass(frozen=True)
class Done:
    """How a child ended: its exit code, negative for a signal; how often it wrote; what it said."""

    code: int
    boundaries: int
    output: str


class Forge:
    """The process that forks; close it when done."""

    def __init__(self, folder: Path) -> None:
        self._output = folder / "forge.out"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.forge"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )

    def __enter__(self) -> Forge:
        return self

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def command(
        self, *argv: object, kill_at: int | None = None, kill_after: float | None = None
    ) -> Done:
        """Runs `minigpt-tui` with these arguments."""
        return self._order({"argv": [str(part) for part in argv]}, kill_at, kill_after)

    def call(
        self,
        function: Callable[..., object],
        *arguments: str,
        kill_at: int | None,
        kill_after: float | None = None,
    ) -> Done:
        """Calls a function of a module with texts as its arguments."""
        name = f"{function.__module__}:{function.__name__}"
        return self._order({"call": name, "arguments": list(arguments)}, kill_at, kill_after)

    def _order(self, what: dict[str, Any], kill_at: int | None, kill_after: float | None) -> Done:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {**what, "kill_at": kill_at, "kill_after": kill_after, "out": str(self._output)}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        output = self._output.read_text(errors="replace")
        return Done(answer["code"], answer["boundaries"], output)


def serve() -> None:
    """The forging process: an order a line, an answer a line."""
    import torch  # noqa: F401

    for module in ("jobs.train", "jobs.verify", "commands.train", "commands.runs", "runs.manage"):
        importlib.import_module(f"minigpt_tui.{module}")
    importlib.import_module("tests.reliability.operations")
    importlib.import_module("safetensors.torch")
    for line in sys.stdin:
        order = json.loads(line)
        counter = mmap.mmap(-1, 8)
        pid = os.fork()
        if pid == 0:
            _child(order, counter)
        code = _wait(pid, order["kill_after"])
        boundaries = int.from_bytes(counter[:8], "little")
        print(json.dumps({"code": code, "boundaries": boundaries}), flush=True)


def _wait(pid: int, kill_after: float | None) -> int:
    limit = time.monotonic() + (HUNG_SECONDS if kill_after is None else kill_after)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > limit:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return KILLED
        time.sleep(0.002)


def _child(order: dict[str, Any], counter: mmap.mmap) -> None:
    code = 1
    try:
        with open(order["out"], "wb") as output:
            os.dup2(output.fileno(), 1)
            os.dup2(output.fileno(), 2)
        sys.stdin = open(os.devnull)  # noqa: SIM115 - the child ends with it
        sys.stdout = os.fdopen(1, "w")
        sys.stderr = os.fdopen(2, "w")
        _count_writes(counter, order["kill_at"])
        if "argv" in order:
            from minigpt_tui.cli import main

            main(order["argv"])
        else:
            module, name = order["call"].split(":")
            getattr(importlib.import_module(module), name)(*order["arguments"])
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 1
    except BaseException:  # noqa: BLE001 - it is printed, as python would
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _count_writes(counter: mmap.mmap, kill_at: int | None) -> None:
    """Wraps what writes to the disk: each call counts, and the `kill_at`-th never returns."""

    def boundary() -> bool:
        count = int.from_bytes(counter[:8], "little") + 1
        counter[:8] = count.to_bytes(8, "little")
        return count == kill_at

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    for name in _COUNTED:
        real = getattr(os, name)

        def counted(*arguments: Any, real: Callable[..., Any] = real, **options: Any) -> Any:
            if boundary():
                die()
            return real(*arguments, **options)

        setattr(os, name, counted)

    class TornFile(io.FileIO):
        """A file whose write may end in the middle."""

        def write(self, content: Any) -> int:
            view = memoryview(content).cast("B")
            if boundary():
                super().write(view[: len(view) // 2])
                die()
            return super().write(view)

    class TornBuffer(io.BufferedWriter):
        """Others flush it to write by themselves, as numpy does: that counts as well."""

        def flush(self) -> None:
            if not self.closed and boundary():
                die()
            super().flush()

    real_open = builtins.open

    def open_torn(file: Any, mode: str = "r", buffering: int = -1, **options: Any) -> Any:
        if buffering == 0 and any(sign in mode for sign in "wxa+"):
            return TornFile(file, mode.replace("b", ""))
        if buffering == -1 and mode in ("wb", "xb", "ab"):
            return TornBuffer(TornFile(file, mode.replace("b", "")))
        return real_open(file, mode, buffering, **options)

    setattr(builtins, "open", open_torn)  # noqa: B010 - typed otherwise


if __name__ == "__main__":
    serve()
