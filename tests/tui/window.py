"""A workbench on a test screen, with a training that ends when it is told to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from textual.pilot import Pilot

from minigpt_tui.config_files import load_preset
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.app import Workbench


async def ended(app: Workbench) -> None:
    """Waits until the training thread is done."""
    while app.session.active:
        await asyncio.sleep(0.02)


async def begun(app: Workbench) -> None:
    """Waits until the first step is near."""
    while app.session.job is None or app.session.job.phase == "preparing":
        await asyncio.sleep(0.02)


def endless(app: Workbench) -> None:
    """Sets up a training that ends only when it is told to."""
    settings = {"epochs": 100_000, "threads": 1, "precision": "fp32", "compile": "off"}
    app.config = with_settings(load_preset("tiny"), settings)


@asynccontextmanager
async def opened(app: Workbench, **options: Any) -> AsyncIterator[Pilot[None]]:
    """The app on a test screen; its training ends with the test, also when the test fails."""
    async with app.run_test(**options) as pilot:
        try:
            yield pilot
        finally:
            app.session.stop()
