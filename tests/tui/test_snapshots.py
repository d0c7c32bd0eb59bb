"""Every pane looks as it did when somebody last looked at it and said yes.

Where a change of the screen is meant, write the snapshots anew and read the difference:
`MINIGPT_TUI_REWRITE_SNAPSHOTS=1 python -m pytest tests/tui/test_snapshots.py`.
"""

from __future__ import annotations

import re
import time

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.panes import PANES
from minigpt_tui.tui.themes import DARK, LIGHT
from tests.tui import snapshot
from tests.tui.example_run import example_run

PATIENCE = 60.0
COMPLETE = {
    "corpus": ("one epoch", "example"),
    "train": ("tokens/epoch",),
    "predict": ("unexplored",),
    "inspect": ("Layer 0, head", "looks at"),
    "runs": ("2 days", "Good: most"),
}
"""What stands on the screen of a pane only when its threads have brought everything."""
DIFFERS = {
    "train": [re.compile(r"≈ ?[\d.]+ [kMG]B")],
    "runs": [re.compile(r"[\d.]+ [kM]B(?=  )")],
}
"""What depends on the machine or on the moment."""


@pytest.mark.parametrize("size", [(80, 24), (160, 45)], ids=["80x24", "160x45"])
@pytest.mark.parametrize("pane", PANES)
async def test_the_pane_looks_as_before(data, pane, size):
    app = Workbench(data)
    app.animation_level = "none"
    app.shown_run = example_run(data)
    app.remembered.pane = pane
    shown = []
    async with app.run_test(size=size) as pilot:
        for theme in (DARK, LIGHT):
            app.theme = theme.name
            shown.append(await settled(pilot, pane, size))
    snapshot.check(f"{pane}-{size[0]}x{size[1]}", snapshot.dump(*shown, DIFFERS.get(pane, ())))


async def settled(pilot: Pilot[None], pane: str, size: tuple[int, int]) -> snapshot.Picture:
    """The screen once its threads are done, its words are there and it stands still."""
    app = pilot.app
    deadline = time.monotonic() + PATIENCE
    while True:
        await pilot.pause(0.05)
        for field in app.query(Input):
            field.cursor_blink = False
        now = snapshot.picture(app.export_screenshot(), *size)
        words = "\n".join(now.text())
        busy = {w.name for w in app.workers if not w.is_finished} - {"runs"}  # it never ends
        counting = "x Stop" in words  # the footer learns last that the text is counted
        if not busy and not counting and all(part in words for part in COMPLETE[pane]):
            await pilot.pause()  # until nothing is waiting to be drawn
            if now == snapshot.picture(app.export_screenshot(), *size):
                return now
        assert time.monotonic() < deadline, f"{pane} was not complete; {busy}:\n{words}"
