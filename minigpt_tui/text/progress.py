"""How long work on a text is called off and how it says how far it is: between its pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from minigpt_tui.text.cancel import ShouldStop, check_cancelled

OnProgress = Callable[[float], None] | None
"""Called with the share that is done, from 0 to 1."""


def watched(
    pieces: Iterable[str],
    characters: int,
    should_stop: ShouldStop,
    on_progress: OnProgress,
) -> Iterator[str]:
    """The `pieces` of a text of so many characters; before each one it can be called off.

    What is reported as done are the pieces that the caller has dealt with.
    """
    done = 0
    for piece in pieces:
        check_cancelled(should_stop)
        yield piece
        done += len(piece)
        if on_progress is not None:
            on_progress(done / characters)


def part_of(on_progress: OnProgress, before: float, size: float, total: float) -> OnProgress:
    """The progress of a part as that of the whole: `before` is done, the part is `size` of it."""
    if on_progress is None:
        return None
    return lambda share: on_progress((before + share * size) / max(total, 1))
