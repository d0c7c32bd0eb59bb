"""Makes the pictures of the pages from the running app: `python -m docs.pictures`.

Opens the workbench in a temporary data folder, presses the key that trains the sample corpus, and
saves the Train pane as SVG once the loss curve has a shape; then the other panes, with that model.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from textual.pilot import Pilot

from minigpt_tui.config_files import load_preset
from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.status import read_status
from minigpt_tui.training.control import Control
from minigpt_tui.tui.app import Workbench

SIZE = (120, 36)
EPOCH = 24
FOLDER = Path(__file__).parent
PAUSE = 25.0  # seconds in which an answer stands there, also where torch is still to be loaded
PANES = {"predict": ["f4"], "inspect": ["f5"], "runs": ["f6", "space", "down"]}
"""The keys that open a pane and show something in it."""


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).ready()
        train_new(load_preset("tiny"), data, Control(), name="first")
        app = Workbench(data)
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(1.0)
            await pilot.press("t")
            deadline = time.monotonic() + 1800
            while not (app.session.job and app.session.job.run) or (
                read_status(app.session.job.run).epoch < EPOCH
            ):
                await asyncio.sleep(0.5)
                assert time.monotonic() < deadline, "the training did not get that far"
            await asyncio.sleep(1.0)
            save(app, "train")
            app.session.stop()
            while app.session.active:
                await asyncio.sleep(0.1)
            await panes(app, pilot)


async def panes(app: Workbench, pilot: Pilot[object]) -> None:
    """Pictures of the panes beside Train, each with an answer in it."""
    for name, keys in PANES.items():
        for key in keys:
            await pilot.press(key)
            await asyncio.sleep(PAUSE)
        save(app, name)


def save(app: Workbench, name: str) -> None:
    target = FOLDER / f"{name}.svg"
    target.write_text(app.export_screenshot(title="minigpt-tui"), encoding="utf-8")
    print(f"wrote {target}")


if __name__ == "__main__":
    asyncio.run(main())
