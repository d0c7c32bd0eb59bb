"""Makes the README's picture from the running app: `python -m docs.pictures`.

Opens the workbench in a temporary data folder, presses the key that trains the sample corpus, and
saves the screen as SVG once the loss curve has a shape.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.status import read_status
from minigpt_tui.tui.app import Workbench

SIZE = (120, 36)
EPOCH = 24
TARGET = Path(__file__).parent / "train.svg"


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        app = Workbench(DataFolder(Path(folder)).ready())
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
            TARGET.write_text(app.export_screenshot(title="minigpt-tui"), encoding="utf-8")
            app.session.stop()
            while app.session.active:
                await asyncio.sleep(0.1)
    print(f"wrote {TARGET}")


if __name__ == "__main__":
    asyncio.run(main())
