"""Long collections are paid for once for each module, and what is no module's is collected."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from minigpt_tui.tui.collector import (
    DUE,
    LONG_SECONDS,
    MANY_MODULES,
    OVERDUE,
    collect_if_due,
    sparing_collections,
)

ENOUGH = int(LONG_SECONDS * 50_000_000)
"""Objects whose collection takes long."""


class Cycle:
    """Something that a collection alone can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    gc.collect()
    yield
    gc.unfreeze()


def test_what_outlives_a_long_collection_is_left_out_of_the_next_ones() -> None:
    frozen_before, callbacks_before = gc.get_freeze_count(), list(gc.callbacks)
    lasting = [[number] for number in range(ENOUGH)]
    with sparing_collections():
        gc.collect()
        assert gc.get_freeze_count() >= frozen_before + len(lasting)
        assert len(gc.get_objects()) < len(lasting)
    assert gc.callbacks == callbacks_before


def test_what_came_without_new_modules_is_collected_when_it_is_gone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lasting = [[number] for number in range(ENOUGH)]
    with sparing_collections():
        gc.collect()
        lasting += [[number] for number in range(ENOUGH)]
        pane = Cycle()
        gone = weakref.ref(pane)
        gc.collect()
        del pane
        gc.collect()
        assert gone() is None

        for number in range(MANY_MODULES):
            name = f"new_module_{number}"
            monkeypatch.setitem(sys.modules, name, ModuleType(name))
        frozen = gc.get_freeze_count()
        gc.collect()
        assert gc.get_freeze_count() > frozen


def test_a_short_collection_freezes_nothing() -> None:
    frozen_before = gc.get_freeze_count()
    with sparing_collections():
        gc.collect(0)
    assert gc.get_freeze_count() == frozen_before


def test_full_collections_wait_until_they_are_asked_for() -> None:
    full: list[int] = []

    def count(phase: str, info: dict[str, int]) -> None:
        if phase == "start" and info["generation"] == 2:
            full.append(gc.get_count()[2])

    before = gc.get_threshold()
    with sparing_collections():
        gc.callbacks.append(count)
        try:
            gc.collect()
            full.clear()
            assert not collect_if_due()
            made = 0
            while made < DUE:
                gc.collect(1)  # as the garbage of so many frames would bring about
                made += 1
            assert not full
            assert collect_if_due()
            assert len(full) == 1
            assert not collect_if_due()

            hoard: list[list[int]] = []
            limit = 10_000 * OVERDUE
            while len(full) < 2 and limit:  # nobody asks
                hoard += [[number] for number in range(1_000)]
                limit -= 1
            assert len(full) == 2
        finally:
            gc.callbacks.remove(count)
    assert gc.get_threshold() == before
