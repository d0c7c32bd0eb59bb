"""From a key press in the Predict pane to the bars that answer it, at the default shape.

    python -m tests.benchmarks.predict_pane

Headless: the time ends when the bars hold the new distribution, to be painted with the next frame
(at most 17 ms later). The prompt grows by 100 characters; the search for words runs on behind them.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from minigpt_tui.config import ModelConfig, RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.predict.answers import Answers
from minigpt_tui.tui.widgets.prompt import PromptInput
from tests.benchmarks.inference import PROMPT, endless_model, saved

KEYS, SECONDS_BETWEEN_KEYS = 100, 0.08


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        data = DataFolder(Path(folder)).ready()
        run = create_run(data, "measured", RunConfig())
        saved(endless_model(ModelConfig(dropout=0.0)), run.best)
        app = Workbench(data)
        app.remembered.pane, app.remembered.prompt = "predict", "I"
        async with app.run_test(size=(120, 40)):
            await until(lambda: answered(app))
            letters = [character for character in PROMPT * 5 if character.isalpha()]
            seconds = [await key(app, letter) for letter in letters[:KEYS]]
    p50, p95, p99 = (float(np.percentile(seconds, p)) * 1e3 for p in (50, 95, 99))
    load = os.getloadavg()[0]
    print(f"{KEYS} keys, load {load:.1f}: ms   p50 {p50:.1f}   p95 {p95:.1f}   p99 {p99:.1f}")


async def key(app: Workbench, letter: str) -> float:
    """Seconds from a key to its distribution."""
    await asyncio.sleep(SECONDS_BETWEEN_KEYS)
    before = app.query_one(PromptInput).value
    started = time.perf_counter()
    app.simulate_key(letter)
    await until(lambda: app.query_one(PromptInput).value != before and answered(app))
    return time.perf_counter() - started


def answered(app: Workbench) -> bool:
    answers, prompt = app.query(Answers), app.query(PromptInput)
    return bool(answers and prompt and answers.first().answer_to(prompt.first().prompt))


async def until(happened: object) -> None:
    assert callable(happened)
    while not happened():
        await asyncio.sleep(0.001)


if __name__ == "__main__":
    asyncio.run(main())
