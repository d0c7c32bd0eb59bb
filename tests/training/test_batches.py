"""Each target of an epoch exactly once, and every batch a pure function of seed and step."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.training.batches import IGNORED_TARGET, BatchSource, seed_for

shapes = st.tuples(
    st.integers(2, 300), st.integers(1, 40), st.integers(1, 12), st.integers(0, 2**63 - 1)
)


def source(n_tokens: int, max_seq_len: int, batch_size: int, seed: int) -> BatchSource:
    """Over tokens that are their own positions, so that a batch tells where it was cut."""
    return BatchSource(np.arange(n_tokens, dtype=np.uint32), max_seq_len, batch_size, seed)


@given(shapes, st.integers(0, 5))
@settings(deadline=None)
def test_an_epoch_visits_each_target_exactly_once(shape, epoch):
    batches = source(*shape)
    seen = []
    for step in range(batches.steps_per_epoch):
        batch = batches.batch(epoch * batches.steps_per_epoch + step)
        real = batch.targets != IGNORED_TARGET
        assert (batch.inputs[real] + 1 == batch.targets[real]).all(), "targets are shifted by one"
        assert real.sum() == batch.n_targets
        seen.extend(batch.targets[real].tolist())
    assert sorted(seen) == list(range(1, shape[0]))


@given(shapes)
@settings(deadline=None)
def test_no_step_is_empty_and_none_is_larger_than_the_batch(shape):
    batches = source(*shape)
    for step in range(2 * batches.steps_per_epoch):
        batch = batches.batch(step)
        assert 1 <= len(batch.inputs) <= shape[2]
        assert batch.n_targets >= 1


@given(shapes, st.integers(0, 1000))
@settings(deadline=None)
def test_a_batch_depends_on_seed_and_step_alone(shape, step):
    fresh, used = source(*shape), source(*shape)
    for earlier in range(3):
        used.batch(earlier)
    assert np.array_equal(fresh.batch(step).inputs, used.batch(step).inputs)
    assert np.array_equal(fresh.batch(step).targets, used.batch(step).targets)


def test_epochs_cut_and_order_the_text_differently():
    batches = source(1000, 20, 8, seed=1)
    first = batches.batch(0).inputs
    second = batches.batch(batches.steps_per_epoch).inputs
    assert not np.array_equal(first, second)


def test_seeds_for_different_purposes_differ_and_stay():
    assert seed_for(1, "epoch", 2) != seed_for(1, "epoch", 3) != seed_for(1, "dropout", 3)
    assert seed_for(1337, "epoch", 0) == seed_for(1337, "epoch", 0)
    assert 0 <= seed_for(2**63 - 1, "weights") < 2**63
