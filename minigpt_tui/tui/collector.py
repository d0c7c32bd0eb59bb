"""Keeps Python's garbage collector from holding the screen up.

With torch loaded there are 400,000 objects that live as long as the process. A full collection
looks at every one of them and holds the interpreter for a fifth of a second, and a screen that
builds and drops widgets asks for one every few seconds. So what modules have brought is left out
of all later ones (`gc.freeze`): each looks only at what came since.

Freezing knows no difference between a module's objects and the pane that is shown at that moment,
which is then never collected. So it happens only when a long collection finds many modules that
the one before did not, and a process loads only so many.

What is left still takes a moment, so Python puts the full collections off, and the screen has them
made when nobody waits for it (`collect_if_due`).
"""

from __future__ import annotations

import gc
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

LONG_SECONDS = 0.02
"""Of the processor. A full collection that takes longer would be felt."""
MANY_MODULES = 100
DUE, OVERDUE = 10, 40
"""Collections of younger objects after which the screen should make a full one, and Python does."""
COLLECT_SECONDS = 0.25
"""Between two looks at whether one is due."""


@contextmanager
def sparing_collections() -> Iterator[None]:
    """Within it, full collections wait to be asked for, within bounds.

    What outlives a long one is frozen if it came with many modules.
    """
    began = 0.0
    modules_frozen = 0

    def collected(phase: str, info: dict[str, Any]) -> None:
        """Called before and after each collection, in the thread that it happens to run in."""
        nonlocal began, modules_frozen
        if phase == "start":
            began = time.thread_time()
            return
        took = time.thread_time() - began
        many = len(sys.modules) >= modules_frozen + MANY_MODULES
        if info["generation"] == 2 and took > LONG_SECONDS and many:
            modules_frozen = len(sys.modules)
            gc.freeze()

    before = gc.get_threshold()
    gc.set_threshold(*before[:2], OVERDUE)
    gc.callbacks.append(collected)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(collected)


def collect_if_due() -> bool:
    """Makes a full collection if one is due; whether it did. Takes some 20 ms."""
    due = gc.get_count()[2] >= DUE
    if due:
        gc.collect()
    return due
