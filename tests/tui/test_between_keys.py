"""What waits for a key to be answered is done soon after it, and never waits for long."""

from __future__ import annotations

import asyncio
import time

import pytest
from textual.app import App

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.between_keys import ANSWERED_SECONDS, TYPING_SECONDS, BetweenKeys

PATIENCE_SECONDS = 20.0


async def until(condition: object) -> None:
    assert callable(condition)
    limit = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < limit
        await asyncio.sleep(0.01)


async def test_nothing_waits_while_nobody_types() -> None:
    app: App[None] = App()
    async with app.run_test():
        assert not BetweenKeys(app, lambda: False).typing


async def test_what_waits_is_done_once_after_a_key_and_then_nothing_waits() -> None:
    app: App[None] = App()
    done: list[float] = []
    async with app.run_test():

        def work() -> bool:
            done.append(time.monotonic())
            return False

        keys = BetweenKeys(app, work)
        keys.pressed()
        pressed = time.monotonic()
        keys.pressed()
        assert keys.typing
        await until(lambda: done)
        assert done[0] - pressed >= ANSWERED_SECONDS * 0.9
        await until(lambda: not keys.typing)
        assert time.monotonic() - pressed >= TYPING_SECONDS * 0.9
        assert len(done) == 1


async def test_what_is_left_is_done_a_moment_later() -> None:
    app: App[None] = App()
    left = [True, True, False, False]
    async with app.run_test() as pilot:
        BetweenKeys(app, lambda: left.pop(0)).pressed()
        await until(lambda: len(left) == 1)
        await pilot.pause(3 * ANSWERED_SECONDS)
        assert len(left) == 1


async def test_a_key_that_is_held_down_does_not_hold_the_screen(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app: App[None] = App()
    async with app.run_test():
        keys = BetweenKeys(app, lambda: False)
        now = time.monotonic()
        monkeypatch.setattr("minigpt_tui.tui.between_keys.time.monotonic", lambda: now)
        for _ in range(4):  # faster than any answer
            keys.pressed()
            assert keys.typing
            now += TYPING_SECONDS / 4
        for _ in range(10):
            keys.pressed()
            assert not keys.typing
            now += TYPING_SECONDS / 4


async def test_a_pane_that_is_still_coming_has_nothing_to_show_yet(data: DataFolder) -> None:
    app = Workbench(data)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        for name in ("train", "runs", "predict", "inspect", "corpus"):
            # As a click on a tab does: the keys' moments come meanwhile.
            turning = asyncio.create_task(app.action_pane(name))
            while not turning.done():
                app._catch_up()
                await asyncio.sleep(0)
            await turning
            app._catch_up()
