"""What a model makes of a whole text: kept, so that asking for a longer one costs what is new."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt_tui.analysis.comparison import TextComparison
    from minigpt_tui.analysis.surprisal import Surprisal
    from minigpt_tui.inference.service import GPTService


class Scores:
    """The surprisal of the last text: one that begins alike costs only the tokens that differ.

    For one thread at a time.
    """

    def __init__(self) -> None:
        self._of: GPTService | None = None
        self._ids: tuple[int, ...] = ()
        self._scored: Surprisal | None = None
        self._between: tuple[GPTService, GPTService, str] | None = None
        self._comparison: TextComparison | None = None

    def comparison(
        self, first: GPTService, second: GPTService, text: str, should_stop: Callable[[], bool]
    ) -> TextComparison:
        """What two models make of a text; asked again for the same, it is there already."""
        from minigpt_tui.analysis.comparison import compare_text

        if self._comparison is None or self._between != (first, second, text):
            self._comparison = compare_text(first, second, text, should_stop)
            self._between = (first, second, text)
        return self._comparison

    def of(
        self, service: GPTService, ids: tuple[int, ...], should_stop: Callable[[], bool]
    ) -> Surprisal:
        """Raises CancelledError when `should_stop()` says so; keeps what it had then."""
        from minigpt_tui.analysis.text_surprisal import cut, joined, text_surprisal

        if self._scored is None or self._of is not service:
            scored = text_surprisal(service.model, ids, 0, should_stop)
        else:
            known = _common_prefix(self._ids, ids)
            new = text_surprisal(service.model, ids, known, should_stop)
            scored = joined([cut(self._scored, known), new])
        self._of, self._ids, self._scored = service, ids, scored
        return scored


def _common_prefix(a: tuple[int, ...], b: tuple[int, ...]) -> int:
    shorter = min(len(a), len(b))
    if a[:shorter] == b[:shorter]:
        return shorter
    return next(i for i in range(shorter) if a[i] != b[i])
