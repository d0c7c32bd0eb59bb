"""The Predict pane: asking a trained model what comes after a prompt."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.events import Paste

from minigpt_tui.jobs.train import train_new
from minigpt_tui.paths import DataFolder
from minigpt_tui.settings import with_settings
from minigpt_tui.training.control import Control
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.predict.text_box import TextBox
from minigpt_tui.tui.predict.token_text import TokenText
from minigpt_tui.tui.widgets.prompt import PromptInput
from tests.tui.predict.asking import (
    answered,
    config_of,
    figures,
    shown,
    trained_run,
    until,
    workbench,
)


async def test_tokens_and_words_stand_side_by_side(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        tokens, words = shown(pilot, "#tokens").splitlines(), shown(pilot, "#words").splitlines()
        assert tokens[0].startswith("·")  # a space, legible
        assert "█" in tokens[0]
        assert tokens[0].split()[2] == "%"
        assert "others" in tokens[-1]
        assert words[0].startswith("word goes on")
        assert {line.split(" ")[0] for line in words} & {"bread", "rice"}
        left, right = (pilot.app.query_one(f"#{name}").region for name in ("tokens", "words"))
        assert left.y == right.y
        assert left.right <= right.x
        assert left.height >= 9
        assert pilot.app.query_one(TextBox).region.bottom <= 23


async def test_the_first_prompt_is_of_the_runs_own_text(data: DataFolder) -> None:
    (data.corpora / "mine.txt").write_text("We eat rice. " * 50, encoding="utf-8")
    config = with_settings(config_of("char"), {"corpus": ("mine",), "steps": 1, "threads": 1})
    app = workbench(data)
    app.shown_run = train_new(config, data, Control()).run
    async with app.run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        assert app.query_one(PromptInput).prompt == "We eat"
        await pilot.press("f5", "f4")
        assert app.query_one(PromptInput).prompt == "We eat"


async def test_unk_is_shown_but_marked(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(160, 60)) as pilot:
        await answered(pilot)
        rows = [row for row in shown(pilot, "#tokens").splitlines() if row.startswith("<UNK>")]
        assert len(rows) == 1
        assert "never sampled" in rows[0]


async def test_every_key_press_asks_again(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We").run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        before = shown(pilot, "#tokens")
        await pilot.press("space", "e", "a")
        await answered(pilot)
        assert shown(pilot, "#tokens") != before
        assert shown(pilot, "#tokens").startswith("t")
        assert pilot.app.remembered.prompt == "We ea"  # type: ignore[attr-defined]


async def test_an_empty_prompt_begins_a_text(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "").run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        assert "word goes on" not in shown(pilot, "#words")


async def test_it_names_what_the_model_does_not_know(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "é eat ß").run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        notes = shown(pilot, "#notes")
        assert "Not in this model's vocabulary: “é”, “ß” – read as <UNK>." in notes


async def test_it_says_when_the_prompt_is_longer_than_the_context(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "I eat bread. " * 800).run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        assert "Only the last 16 of 10,400 tokens are seen." in shown(pilot, "#notes")


@pytest.mark.parametrize("key", ["right", "ctrl+right"])
async def test_right_at_the_end_takes_the_most_probable_token(data: DataFolder, key: str) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We ea").run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        prompt = pilot.app.query_one(PromptInput)
        await pilot.press("left", key)  # inside the line it moves the cursor
        assert prompt.prompt == "We ea"
        await pilot.press(key)
        await until(pilot, lambda: prompt.prompt == "We eat")
        await pilot.press(key)  # before the answer is there: it is taken when it comes
        await until(pilot, lambda: prompt.prompt == "We eat ")


async def test_stepping_writes_new_lines_too(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "We eat rice.").run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        assert shown(pilot, "#tokens").startswith("⏎")
        await pilot.press("right")
        prompt = pilot.app.query_one(PromptInput)
        await until(pilot, lambda: prompt.prompt == "We eat rice.\n")
        assert prompt.value == "We eat rice.⏎"


@pytest.mark.parametrize(
    "pasted",
    [
        "\x1b]0;title\x07\x1b[31mred\x00\x9b5m",
        "👩‍👩‍👧 🙂 🏳️‍🌈",
        "שלום עולם \u202eevil\u202c",
        "e\u0301\u0301\u0301 \u200b\ufeff",
        "one\r\ntwo\nthree\tfour",
        "[/nope] [@click=app.quit]x[/]",
        "I eat rice. " * 900,
    ],
)
async def test_any_text_may_be_pasted(data: DataFolder, pasted: str) -> None:
    trained_run(data, "breakfast")
    async with workbench(data, "").run_test(size=(80, 24)) as pilot:
        await answered(pilot)
        prompt = pilot.app.query_one(PromptInput)
        prompt.post_message(Paste(pasted))
        await until(pilot, lambda: prompt.prompt == pasted.replace("\r\n", "\n"))
        await answered(pilot)
        await pilot.press("f7")
        await until(pilot, lambda: "^r another" in figures(pilot))
        text = pilot.app.query_one(TokenText)
        rows = [text.render_line(y).text for y in range(text.size.height)]
        everything = "".join([prompt.value, *rows, shown(pilot, "#notes"), figures(pilot)])
        assert all(c == "\n" or c.isprintable() for c in everything)
        assert pilot.app.is_running


async def test_leaving_the_pane_while_it_works_is_safe(data: DataFolder) -> None:
    trained_run(data, "breakfast")
    async with workbench(data).run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: pilot.app.query_one(ModelLine).model is not None)
        await pilot.press("f7", "f2", "f4")
        await answered(pilot)


def test_the_pane_loads_neither_torch_nor_numpy() -> None:
    code = (
        "import sys; import minigpt_tui.tui.predict.pane;"
        "sys.exit(bool({'torch', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
