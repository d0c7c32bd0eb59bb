"""The line above the text names the next step, or what is in its way."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run
from minigpt_tui.tui.corpus.next_step import NextStep, Standing


class Alone(App[None]):
    def __init__(self, data: DataFolder) -> None:
        super().__init__()
        self.data = data

    def compose(self) -> ComposeResult:
        yield NextStep(self.data)


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing(), "Press t to train a GPT on this text"),
        (Standing(marked=2), "these 2 texts together"),
        (Standing(failure="It is too short."), "cannot be trained on"),
        (Standing(training=True, failure="It is too short."), "A training is running"),
        (Standing(opening=True), ""),
    ],
)
async def test_it_says_what_the_next_key_does(
    data: DataFolder, standing: Standing, words: str
) -> None:
    async with Alone(data).run_test() as pilot:
        line = pilot.app.query_one(NextStep)
        line.show(standing)
        assert words in str(line.content)
        assert bool(words) == bool(str(line.content))


async def test_a_run_that_has_a_model_is_offered_too(data: DataFolder) -> None:
    create_run(data, "mine", RunConfig()).best.write_bytes(b"x")
    async with Alone(data).run_test() as pilot:
        line = pilot.app.query_one(NextStep)
        line.show(Standing())
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert "F4 to ask mine" in str(line.content)
