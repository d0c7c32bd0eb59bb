"""What the screen no longer shows is no longer held."""

from __future__ import annotations

import asyncio
import gc
import weakref

from textual.widgets import Input
from textual.widgets._footer import FooterKey

from minigpt_tui.tui.app import Workbench

PATIENCE_SECONDS = 20.0


async def test_fields_and_keys_of_a_pane_are_gone_when_it_is_turned(data):
    data.settings.write_text("pane: train\n", encoding="utf-8")
    app = Workbench(data)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("f4", "f3")
        await pilot.pause(0.2)
        parts = [*app.query(Input), *app.query(FooterKey)]
        assert {Input, FooterKey} <= {kind for part in parts for kind in type(part).__mro__}
        held = [weakref.ref(part) for part in parts]
        del parts
        await pilot.press("f6", "f4", "f6")
        waited = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        while any(part() for part in held) and asyncio.get_running_loop().time() < waited:
            await pilot.pause(0.3)  # timers that are already set still know them
            gc.collect()
        left = sorted({type(part()).__name__ for part in held if part() is not None})
        assert not left, f"{left} are still held"
