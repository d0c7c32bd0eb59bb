"""What the exit code of a command says. Scripts may rely on it."""

from __future__ import annotations

OK, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130

MEANINGS = {
    "0": "success",
    "1": "a failure: a damaged file, a diverged training, a check not passed",
    "2": "wrong usage or bad input; the message says what to change",
    "130, 143, 129": "ended by ctrl+c, SIGTERM, a dropped connection; training is saved",
}


def table() -> str:
    """The meanings, a line each, for the help."""
    width = max(map(len, MEANINGS))
    return "\n".join(f"  {codes:<{width}}  {meaning}" for codes, meaning in MEANINGS.items())
