"""Long collections are paid for once for each module, and what is no module's is collected."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Iterator
from types import ModuleType

import pytest

from minigpt_tui.tui.collector import LONG_SECONDS, MANY_MODULES, sparing_collections

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
