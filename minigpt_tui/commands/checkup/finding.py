"""One line of the doctor's report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """What was looked at and what was found. `advice` says what to do; without it all is well."""

    subject: str
    found: str
    advice: str = ""

    @property
    def ok(self) -> bool:
        return not self.advice


def found_by(subject: str, look: Callable[[], Iterable[Finding]]) -> Iterator[Finding]:
    """What a look finds, one by one. A look that fails is a finding too, and ends only itself.

    Whoever asks the doctor has something broken: the library that is asked may be it.
    """
    try:
        yield from look()
    except Exception as error:  # noqa: BLE001 - a report must come whatever is broken
        reason = " ".join(str(error).split()) or "no reason given"
        yield Finding(
            subject,
            f"cannot be examined: {type(error).__name__}: {reason}",
            "Read the reason; reinstalling the program into a new environment often helps.",
        )
