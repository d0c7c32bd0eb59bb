"""Keeps Python's garbage collector from holding the screen up.

With torch loaded there are 400,000 objects that live as long as the process. A full collection
looks at every one of them and holds the interpreter for a fifth of a second, and a screen that
builds and drops widgets asks for one every few seconds. So whatever outlives a collection that
took long is left out of all later ones (`gc.freeze`): each looks only at what came since.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LONG_SECONDS = 0.02
"""Of the processor. A full collection that takes longer would be felt."""


@contextmanager
def sparing_collections() -> Iterator[None]:
    """Within it, what outlives a long collection is frozen."""
    began = 0.0

    def collected(phase: str, info: dict[str, Any]) -> None:
        """Called before and after each collection, in the thread that it happens to run in."""
        nonlocal began
        if phase == "start":
            began = time.thread_time()
        elif info["generation"] == 2 and time.thread_time() - began > LONG_SECONDS:
            gc.freeze()

    gc.callbacks.append(collected)
    try:
        yield
    finally:
        gc.callbacks.remove(collected)
