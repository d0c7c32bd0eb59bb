"""The Predict pane: the text that the model writes on from the prompt."""

from __future__ import annotations

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.panes.predict import PredictPane
from minigpt_tui.tui.widgets.continuation import Continuation
from minigpt_tui.tui.widgets.model_line import ModelLine
from tests.tui.panes.asking import (
    answered,
    shown,
    slow_run,
    trained_run,
    until,
    workbench,
)


async def test_it_writes_on_and_the_seed_reproduces_the_text(data: DataFolder) -> None:
    from minigpt_tui.inference.service import GPTService

    run = trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        pane = pilot.app.query_one(PredictPane)
        await pilot.press("f7")
        await until(pilot, lambda: pane.writing is not None and pane.writing.done.is_set())
        await until(pilot, lambda: "■" in shown(pilot, "#text"))
        assert pane.writing is not None
        again = GPTService(run.best).generate("I eat", 300, temperature=0.8, seed=1)
        assert pane.writing.text == "".join(again)
        figures = str(pilot.app.query_one(Continuation).border_subtitle)
        assert "seed 1" in figures
        assert "tokens/s" in figures
        assert shown(pilot, "#text").startswith("I eat")
        await pilot.press("f7")  # asked the same again, it draws anew
        assert pane.writing.seed == 2


@pytest.mark.parametrize("key", ["f7", "escape"])
async def test_writing_can_be_stopped(data: DataFolder, key: str) -> None:
    slow_run(data, "slow")
    async with workbench(data, "I eat rice. " * 30).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.query_one(ModelLine).model is not None)
        assert "loss not measured" in shown(pilot, "#model")
        pane = pilot.app.query_one(PredictPane)
        pilot.app.simulate_key("enter")  # the pilot would wait until the model has written all
        await until(pilot, lambda: pane.writing is not None)
        writing = pane.writing
        assert writing is not None
        pilot.app.simulate_key(key)
        await until(pilot, writing.done.is_set)
        assert pane.writing is writing
        assert writing.ending == "stopped"
        await until(pilot, lambda: "■ stopped" in shown(pilot, "#text"))


async def test_samplers_are_cycled_by_name_and_remembered(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        names = set()
        for _ in range(5):
            names.add(str(pilot.app.query_one(Continuation).border_title).split(": ")[1])
            await pilot.press("f8")
        assert {"greedy", "temperature 0.8", "top-p 0.9"} <= names
        assert len(names) == 5
        assert pilot.app.remembered.sampler == "temperature 0.8"  # type: ignore[attr-defined]
