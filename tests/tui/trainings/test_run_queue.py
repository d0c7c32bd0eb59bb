"""Runs wait for one another in an order that somebody may change."""

from __future__ import annotations

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.trainings.run_queue import RunQueue, save_queue, take_saved_queue


def test_they_begin_in_their_order_unless_held() -> None:
    queue = RunQueue()
    first, second, third = (queue.add(RunConfig()) for _ in range(3))
    queue.move(third, -1)
    assert queue.waiting == [first, third, second]
    queue.move(third, -5)
    queue.move(first, 9)
    assert queue.waiting == [third, second, first]
    queue.remove(second)
    queue.remove(second)  # gone already: it may have begun
    queue.held = True
    assert queue.take() is None
    queue.held = False
    assert [queue.take(), queue.take(), queue.take()] == [third, first, None]


def test_a_title_tells_runs_apart_and_is_safe() -> None:
    config = with_settings(
        RunConfig(), {"corpus": ("/tmp/a \x1b[31m.txt", "b"), "steps": 2000, "lr": 0.003}
    )
    title = RunQueue().add(config).title
    assert title == "a ␛[31m.txt and 1 more, char, gpt2, 4 × 256, 2,000 steps, lr 0.003"


def test_what_waits_at_the_end_is_there_at_the_next_start_once(data: DataFolder) -> None:
    queue = RunQueue()
    queue.add(with_settings(RunConfig(), {"lr": 0.5, "minutes": 3.0}))
    queue.add(RunConfig())
    configs = [run.config for run in queue.waiting]
    save_queue(queue, data)
    save_queue(queue, data)  # a dropped connection may tell it twice
    assert [run.config for run in take_saved_queue(data)] == configs
    assert take_saved_queue(data) == []


def test_two_workbenches_leave_what_both_had_queued(data: DataFolder) -> None:
    one, other = RunQueue(), RunQueue()
    one.add(with_settings(RunConfig(), {"lr": 0.5}))
    other.add(with_settings(RunConfig(), {"lr": 0.25}))
    save_queue(one, data)
    save_queue(other, data)
    assert [run.config.training.lr for run in take_saved_queue(data)] == [0.5, 0.25]


def test_a_damaged_queue_is_no_hindrance(data: DataFolder) -> None:
    for raw in (b"", b"{}", b"[[" * 9, b'[{"n_layers": -3}]', b"\xff"):
        (data.root / "queue.json").write_bytes(raw)
        assert take_saved_queue(data) == []
