"""How many steps a run takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minigpt_tui.config import TrainingConfig
from minigpt_tui.planning.steps import steps_per_epoch, total_steps, windows_per_epoch


def test_windows_of_an_epoch() -> None:
    assert windows_per_epoch(100, 10) == 11  # ten, and one for an offset
    assert windows_per_epoch(101, 10) == 12
    assert windows_per_epoch(7, 1) == 7  # windows of one target have no offset
    assert windows_per_epoch(1, 50) == 1
    assert windows_per_epoch(0, 50) == 0


@given(
    n_targets=st.integers(1, 5000),
    max_seq_len=st.integers(1, 200),
    offset=st.integers(0, 199),
)
def test_windows_are_enough_at_any_offset(n_targets: int, max_seq_len: int, offset: int) -> None:
    first = offset % max_seq_len  # targets of the ragged first window
    needed = (first > 0) + -(-(max(0, n_targets - first)) // max_seq_len)
    assert needed <= windows_per_epoch(n_targets, max_seq_len) <= n_targets + 1


def test_the_last_batch_counts_as_a_step() -> None:
    assert steps_per_epoch(100, 10, 4) == 3
    assert steps_per_epoch(100, 10, 11) == 1
    assert steps_per_epoch(100, 10, 1_000) == 1


def test_steps_where_set_win_over_epochs() -> None:
    assert total_steps(TrainingConfig(epochs=5), 20) == 100
    assert total_steps(TrainingConfig(epochs=5, steps=300), 20) == 300
    assert total_steps(TrainingConfig(epochs=5, steps=30), 20) == 30
    assert total_steps(TrainingConfig(epochs=0), 20) == 0
