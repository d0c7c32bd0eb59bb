"""What the terminal can do, as far as it says so or can be asked."""

from __future__ import annotations

import os
import re
import select
import sys
import time
from collections.abc import Iterator, Mapping

from minigpt_tui.commands.checkup.finding import Finding
from minigpt_tui.text.safe import visible

LEAST_COLUMNS, LEAST_LINES = 80, 24
PATIENCE_SECONDS = 0.3
ASK_FOR_KEYS, ASK_WHAT_IT_IS = b"\x1b[?u", b"\x1b[c"
"""The kitty protocol's question, and one that every terminal answers: its answer ends the wait."""
_KEYS_ANSWER, _IS_ANSWER = re.compile(rb"\x1b\[\?\d+u"), re.compile(rb"\x1b\[\?[\d;]*c")


def terminal(environment: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Size, kind, colours, encoding, keys, and what stands between the terminal and here."""
    at_a_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if at_a_terminal:
        yield _size(*os.get_terminal_size(sys.stdout.fileno()))
    else:
        yield Finding("terminal", "none (input or output is a pipe): size and keys are not known")
    yield kind(environment)
    if at_a_terminal:
        yield _colours()
    if "NO_COLOR" in environment:
        yield Finding("NO_COLOR", "set: the workbench draws without colours")
    yield encoding(sys.stdout.encoding or "none", environment)
    yield from between(environment)
    if at_a_terminal:
        yield _keys()


def _size(columns: int, lines: int) -> Finding:
    shown = f"{columns} columns, {lines} lines"
    if columns < LEAST_COLUMNS or lines < LEAST_LINES:
        least = f"{LEAST_COLUMNS} columns and {LEAST_LINES} lines"
        return Finding("terminal", shown, f"Make it larger: every pane is complete from {least}.")
    return Finding("terminal", shown)


def kind(environment: Mapping[str, str]) -> Finding:
    """TERM, and the name of the program where it says so."""
    name = environment.get("TERM", "")
    program = environment.get("TERM_PROGRAM", "")
    shown = visible(name or "not set") + (f" ({visible(program)})" if program else "")
    if name in ("", "dumb", "unknown"):
        return Finding("TERM", shown, "Open the workbench in a terminal that can draw a screen.")
    return Finding("TERM", shown)


def _colours() -> Finding:
    from rich.console import Console

    system = Console().color_system
    shown = {"truecolor": "16 million", "256": "256", "standard": "16", "windows": "16"}
    if system == "truecolor":
        return Finding("colours", shown[system])
    return Finding(
        "colours",
        f"{shown.get(system or '', 'none')}: shades are approximated; COLORTERM=truecolor tells "
        "programs that the terminal has them all",
    )


def encoding(name: str, environment: Mapping[str, str]) -> Finding:
    """Whether signs beyond ASCII can be written."""
    if name.lower().replace("-", "") == "utf8":
        return Finding("encoding", name)
    asked = next(
        (f"{n}={environment[n]}" for n in ("LC_ALL", "LC_CTYPE", "LANG") if n in environment), ""
    )
    where = f" ({visible(asked)})" if asked else ""
    return Finding(
        "encoding",
        f"{name}{where}",
        "Curves and bars need UTF-8: set LANG=C.UTF-8, or PYTHONUTF8=1.",
    )


def between(environment: Mapping[str, str]) -> Iterator[Finding]:
    """The multiplexer and the connection that the screen passes through."""
    if "TMUX" in environment:
        yield Finding("inside", "tmux: a training goes on when you detach (prefix d)")
    elif "STY" in environment:
        yield Finding("inside", "screen: a training goes on when you detach (ctrl+a d)")
    if "SSH_CONNECTION" in environment or "SSH_TTY" in environment:
        yield Finding("connection", "SSH: when it drops, on_hangup says what becomes of a training")


def _keys() -> Finding:
    """Whether the terminal has the kitty keyboard protocol, by asking it."""
    answer = ask(sys.stdin.fileno(), sys.stdout.fileno())
    if answer is None:
        return Finding("keys", "the terminal does not answer questions")
    if _KEYS_ANSWER.search(answer):
        return Finding("keys", "kitty protocol: every combination of keys arrives")
    return Finding("keys", "classic: letters, digits, F1 to F10, arrows, ctrl and a letter arrive")


def ask(keyboard: int, screen: int) -> bytes | None:
    """What the terminal answers to the question for its keys; None without an answer in time."""
    try:
        import termios
        import tty
    except ImportError:  # Windows
        return None
    before = termios.tcgetattr(keyboard)
    answer = b""
    try:
        tty.setcbreak(keyboard, termios.TCSANOW)
        os.write(screen, ASK_FOR_KEYS + ASK_WHAT_IT_IS)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not _IS_ANSWER.search(answer):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([keyboard], [], [], left)[0]:
                return None
            answer += os.read(keyboard, 256)
        return answer
    finally:
        termios.tcsetattr(keyboard, termios.TCSAFLUSH, before)  # a late answer is not typed in
