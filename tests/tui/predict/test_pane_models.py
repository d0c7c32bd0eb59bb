"""The Predict pane: which model answers, and that it follows a training."""

from __future__ import annotations

from textual.widgets import OptionList

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run
from minigpt_tui.tui.predict.answers import Answers
from minigpt_tui.tui.predict.checkpoint_choice import CheckpointChoice
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.predict.pane import PredictPane
from minigpt_tui.tui.runs.run_choice import RunChoice
from minigpt_tui.tui.widgets.prompt import PromptInput
from tests.tui.predict.asking import (
    answered,
    checkpoint,
    config_of,
    figures,
    improve,
    settled,
    shown,
    trained_run,
    until,
    workbench,
)

EMPTY = "No model yet. Press F2, choose a text, press t."


async def test_without_a_model_it_says_what_to_do(data: DataFolder) -> None:
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: shown(pilot, "#message") == EMPTY)
        await pilot.press("f7")  # there is nothing to write with, and nothing breaks
        assert pilot.app.query_one(PredictPane).writing.writer.writing is None


async def test_the_first_model_that_appears_answers(data: DataFolder) -> None:
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: shown(pilot, "#message") == EMPTY)
        trained_run(data, "first")
        await answered(pilot)
        assert "first" in shown(pilot, "#model")
        assert not pilot.app.query_one("#message").display


async def test_it_names_the_model_that_answers(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(160, 45)) as pilot:
        await answered(pilot)
        line = shown(pilot, "#model")
        vocabulary = checkpoint("char").vocab_size
        for fact in ("breakfast", "epoch 1", "1.250", "Good", f"vocabulary {vocabulary} (char)"):
            assert fact in line


async def test_the_run_of_the_session_answers_first(data: DataFolder) -> None:
    chosen = trained_run(data, "older")
    trained_run(data, "newer")
    app = workbench(data)
    app.shown_run = chosen
    async with app.run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        assert "older" in shown(pilot, "#model")


async def test_another_run_can_be_chosen(data: DataFolder) -> None:
    trained_run(data, "older", level="word")
    trained_run(data, "newer")
    create_run(data, "untrained", config_of("char"))
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        assert "newer" in shown(pilot, "#model")
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunChoice))
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "older" in shown(pilot, "#model"))
        await answered(pilot)
        assert "(word)" in shown(pilot, "#model")
        assert "bread" in shown(pilot, "#tokens")
        assert pilot.app.shown_run.name == "older"  # type: ignore[attr-defined]


async def test_a_click_on_the_model_opens_the_choice(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        await pilot.click(ModelLine)
        await until(pilot, lambda: isinstance(pilot.app.screen, RunChoice))
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, RunChoice))
        assert pilot.app.focused is pilot.app.query_one(PromptInput)


async def test_a_better_model_is_read_as_it_appears(data: DataFolder) -> None:
    run = trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        first = shown(pilot, "#tokens").splitlines()[0]
        improve(run, epoch=12)
        await until(pilot, lambda: "epoch 12" in shown(pilot, "#model"))
        # The bars stay until the new model answers the same; how many have room is another matter.
        assert shown(pilot, "#tokens").splitlines()[0] == first
        model = pilot.app.query_one(ModelLine).model

        def new_one_answered() -> bool:
            question = pilot.app.query_one(Answers).answered
            return question is not None and question.model is model

        await until(pilot, new_one_answered)
        assert "0.750: very good" in shown(pilot, "#model")


async def test_a_damaged_checkpoint_is_named_and_another_can_be_chosen(data: DataFolder) -> None:
    trained_run(data, "whole")
    damaged = trained_run(data, "damaged")
    raw = bytearray(damaged.best.read_bytes())
    raw[len(raw) // 2] ^= 1
    damaged.best.write_bytes(raw)
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "damaged" in shown(pilot, "#model"))

        def named() -> bool:
            return "is not a minigpt-tui checkpoint" in " ".join(shown(pilot, "#message").split())

        await until(pilot, named)
        assert pilot.app.query_one("#message").display
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(pilot.app.screen, RunChoice))
        await until(pilot, lambda: pilot.app.screen.query_one(OptionList).option_count == 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, RunChoice))
        await answered(pilot)
        assert "whole" in shown(pilot, "#model")
        assert not pilot.app.query_one("#message").display


async def test_two_checkpoints_stand_side_by_side(data: DataFolder) -> None:
    from minigpt_tui.runs.checkpoint import save_checkpoint

    run = trained_run(data, "breakfast")
    save_checkpoint(run.final, checkpoint("char"))
    trained_run(data, "older", level="word")
    app = workbench(data, "We eat rice.")
    app.shown_run = run
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await pilot.press("f10")
        await until(pilot, lambda: isinstance(pilot.app.screen, CheckpointChoice))
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 2)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.query_one(Answers).other is not None)
        await settled(pilot)
        left, right = (pilot.app.query_one(f"#{name}") for name in ("tokens", "words"))
        assert str(left.border_title) == "A: breakfast · best"
        assert str(right.border_title) == "B: breakfast · final"
        assert "KL(A‖B) 0.000 bits" in str(left.border_subtitle)
        assert shown(pilot, "#tokens") == shown(pilot, "#words")
        assert "both are equally surprised" in figures(pilot)
        await pilot.press("f7")  # nothing is written while two models are compared
        assert pilot.app.query_one(PredictPane).writing.writer.writing is None
        await pilot.press("f10")
        await settled(pilot)
        assert str(right.border_title) == "Next words"

        await pilot.press("f10")
        await until(pilot, lambda: isinstance(pilot.app.screen, CheckpointChoice))
        options = pilot.app.screen.query_one(OptionList)
        await until(pilot, lambda: options.option_count == 2)
        await pilot.press("down", "enter")
        await until(pilot, lambda: pilot.app.query_one(Answers).other is not None)
        await settled(pilot)
        assert str(right.border_title) == "B: older · best"
        assert "two vocabularies" in str(right.border_subtitle)
        assert "less surprised" in figures(pilot)
