"""A full collection that took long is not paid for twice."""

from __future__ import annotations

import gc

from minigpt_tui.tui.collector import LONG_SECONDS, sparing_collections


def test_what_outlives_a_long_collection_is_left_out_of_the_next_ones() -> None:
    gc.collect()
    frozen_before, callbacks_before = gc.get_freeze_count(), list(gc.callbacks)
    lasting = [[number] for number in range(int(LONG_SECONDS * 20_000_000))]
    try:
        with sparing_collections():
            gc.collect()
            assert gc.get_freeze_count() >= frozen_before + len(lasting)
            assert len(gc.get_objects()) < len(lasting)
        assert gc.callbacks == callbacks_before
    finally:
        gc.unfreeze()


def test_a_short_collection_freezes_nothing() -> None:
    frozen_before = gc.get_freeze_count()
    with sparing_collections():
        gc.collect(0)
    assert gc.get_freeze_count() == frozen_before
