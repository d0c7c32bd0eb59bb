"""The Predict pane: the text that the model writes, its cursor, its branches, and the way back."""

from __future__ import annotations

import json

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.text_tree import tree_from_json
from minigpt_tui.tui.predict.answers import Answers
from minigpt_tui.tui.predict.asked_model import load_model
from minigpt_tui.tui.predict.asking import Draft
from minigpt_tui.tui.predict.branches import BranchesDialog
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.predict.pane import PredictPane
from minigpt_tui.tui.predict.samplers import Sampler, sampler_text
from minigpt_tui.tui.predict.token_text import TokenText
from minigpt_tui.tui.predict.writing import Writing, write
from minigpt_tui.tui.widgets.bars import ChoiceBars
from minigpt_tui.tui.widgets.prompt import PromptInput
from tests.tui.predict.asking import (
    answered,
    figures,
    settled,
    shown,
    slow_run,
    text_of,
    trained_run,
    until,
    workbench,
    written,
)


async def test_it_writes_on_and_the_seed_reproduces_the_text(data: DataFolder) -> None:
    from minigpt_tui.inference.service import GPTService

    run = trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        await pilot.press("f7")
        await written(pilot)
        service = GPTService(run.best)
        first = "I eat" + "".join(service.generate("I eat", 300, temperature=0.8, seed=1))
        assert text_of(pilot) == first
        assert "seed 1" in figures(pilot)
        assert "tokens/s" in figures(pilot)
        await pilot.press("ctrl+r")  # another text from the same place
        await until(pilot, lambda: "seed 2" in figures(pilot))
        await written(pilot)
        second = "I eat" + "".join(service.generate("I eat", 300, temperature=0.8, seed=2))
        assert text_of(pilot) == second
        await pilot.press("ctrl+z")
        await settled(pilot)
        assert text_of(pilot) == first


@pytest.mark.parametrize("key", ["f7", "escape"])
async def test_writing_can_be_stopped(data: DataFolder, key: str) -> None:
    slow_run(data, "slow")
    async with workbench(data, "I eat rice. " * 30).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.query_one(ModelLine).model is not None)
        assert "loss not measured" in shown(pilot, "#model")
        pane = pilot.app.query_one(PredictPane)
        pilot.app.simulate_key("enter")  # the pilot would wait until the model has written all
        await until(pilot, lambda: pane.writing.writer.writing is not None)
        writing = pane.writing.writer.writing
        assert writing is not None
        pilot.app.simulate_key(key)
        await until(pilot, writing.done.is_set)
        assert writing.ending == "stopped"
        await until(pilot, lambda: "stopped" in figures(pilot))


async def test_steps_alternatives_and_undo(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We ea").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: text_of(pilot) == "We eat")
        await settled(pilot)
        await pilot.press("down", "down", "enter")  # the second most probable token
        await settled(pilot)
        taken = text_of(pilot)
        assert len(taken) == 7
        assert taken != "We eat "
        assert pilot.app.query_one(PromptInput).prompt == "We ea"
        await pilot.press("ctrl+z", "ctrl+z")
        await settled(pilot)
        assert text_of(pilot) == "We ea"


def test_steps_that_follow_one_another_draw_anew_and_can_be_repeated(data: DataFolder) -> None:
    model = load_model(trained_run(data, "breakfast"))
    sampler = Sampler(temperature=5.0)

    def steps() -> list[int]:
        drawn: list[int] = []
        for _ in range(8):
            writing = Writing(model, Draft("I", tuple(drawn)), sampler, 1)
            write(writing)
            drawn += [token.id for token in writing.tokens]
        return drawn

    assert steps() == steps()
    assert len({Writing(model, Draft("I", (5,) * n), sampler, 1).seed for n in range(8)}) == 8
    assert Writing(model, Draft("I"), sampler, 1).seed == sampler.seed


async def test_a_token_is_taken_into_a_prompt_that_nothing_stands_behind(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We ea").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("down", "enter")
        await settled(pilot)
        assert pilot.app.query_one(PromptInput).prompt == "We eat"
        assert isinstance(pilot.app.focused, ChoiceBars)
        await pilot.press("up")
        assert pilot.app.focused is pilot.app.query_one(PromptInput)


async def test_the_cursor_shows_what_was_expected_and_branches_there(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We eat rice").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = pilot.app.query_one(TokenText)
        text.focus()
        await pilot.press("left", "left", "left", "left")
        await settled(pilot)
        assert "“r”" in figures(pilot)
        assert "surprisal" in figures(pilot)
        assert "bytes 72" in figures(pilot)
        assert str(pilot.app.query_one(ChoiceBars).border_title).startswith("Expected at token 8")
        rows = shown(pilot, "#tokens").splitlines()
        assert any(row.startswith("r") and "◂" in row for row in rows)
        row = next(i for i, row in enumerate(rows) if row.startswith("b"))
        pilot.app.query_one(ChoiceBars).focus()
        await pilot.press(*["down"] * row, "enter")
        await settled(pilot)
        assert pilot.app.query_one(PromptInput).prompt == "We eat b"


async def test_the_measure_of_the_colours_goes_round(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We eat rice").run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        text = pilot.app.query_one(TokenText)
        tints = []
        for _ in range(4):
            tints.append(tuple(text.shown.tints))
            await pilot.press("ctrl+n")
        assert set(tints[3]) == {0}
        assert len(set(tints)) >= 3
        assert tuple(text.shown.tints) == tints[0]


async def test_samplers_move_the_bars_without_asking_the_model(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We").run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        answer = pilot.app.query_one(Answers).fresh_answer()
        before = shown(pilot, "#tokens")
        await pilot.press("f8", "right", *["down"] * 15)  # top-k 3
        after = shown(pilot, "#tokens")
        assert pilot.app.query_one(Answers).fresh_answer() is answer
        assert [row for row in after.splitlines() if "top-k" in row]
        assert before.splitlines()[0][:14] == after.splitlines()[0][:14]  # the model's own stays
        assert "3 left" in str(pilot.app.query_one(ChoiceBars).border_subtitle)
        kept = pilot.app.remembered.sampler  # type: ignore[attr-defined]
        assert json.loads(kept) == {"temperature": 0.8, "top_k": 3}
        await pilot.press("f8")  # the next preset
        assert "top-k 40" in shown(pilot, "#sampler") or "temp" in shown(pilot, "#sampler")


async def test_a_stop_string_ends_the_text_before_it(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    app = workbench(data)
    app.remembered.sampler = sampler_text(Sampler(temperature=0.8, stop="\n|."))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f7")
        await written(pilot)
        assert "before a stop string" in figures(pilot)
        assert not {"\n", "."} & set(text_of(pilot))
        assert len(text_of(pilot)) > len("I eat")


async def test_branches_are_walked_named_pruned_and_exported(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    app = workbench(data)
    app.remembered.sampler = sampler_text(Sampler(length=25))
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f7")
        await written(pilot)
        first = text_of(pilot)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: text_of(pilot) != first and "seed 2" in figures(pilot))
        await written(pilot)
        second = text_of(pilot)
        await pilot.press("ctrl+b")
        dialog = app.screen
        assert isinstance(dialog, BranchesDialog)
        texts = [dialog.composition.tree.text(segment.last) for segment in dialog.segments]
        assert {first, second} <= set(texts)
        await pilot.press("n", "b", "e", "s", "t", "enter", "e")
        files = sorted(path.suffix for path in (data.root / "texts").iterdir())
        assert files == [".json", ".txt"]
        exported = next((data.root / "texts").glob("*.json")).read_text(encoding="utf-8")
        tree = tree_from_json(exported)
        assert {tree.text(leaf) for leaf in tree.leaves()} == {first, second}
        assert "best" in {node.name for node in tree.nodes.values()}
        await pilot.press("d")  # the second goes, and comes back
        assert second not in [dialog.composition.tree.text(s.last) for s in dialog.segments]
        await pilot.press("u")
        assert second in [dialog.composition.tree.text(s.last) for s in dialog.segments]
        await pilot.press("home", *["down"] * texts.index(first), "enter")
        await settled(pilot)
        assert text_of(pilot) == first


async def test_a_text_is_there_again_after_another_pane(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await pilot.press("f7")
        await written(pilot)
        text = text_of(pilot)
        await pilot.press("f2", "f4")
        await settled(pilot)
        assert text_of(pilot) == text
