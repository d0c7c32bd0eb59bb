"""The prompt line: any text goes in and comes out, and nothing in it can act on a terminal."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.widgets.prompt import MAX_CHARACTERS, PromptInput, prompt_text, shown_prompt

# What already stands for another character does not come back as itself.
STAND_INS = [*map(chr, range(0x2400, 0x2422)), "⏎", "⇥", "⟨"]
texts = st.text(st.characters(exclude_characters=STAND_INS, exclude_categories=["Cs"]))


@given(texts)
def test_every_text_comes_back_from_one_safe_line(text: str) -> None:
    shown = shown_prompt(text)
    assert visible(shown) == shown
    assert "\n" not in shown
    assert prompt_text(shown) == text.replace("\r\n", "\n")


def test_control_characters_are_shown_by_their_pictures() -> None:
    assert shown_prompt("a\nb\tc\x1b[2J\u202e") == "a⏎b⇥c␛[2J⟨U+202E⟩"


class OneLine(App[None]):
    def compose(self) -> ComposeResult:
        yield PromptInput("I eat")


async def test_a_new_line_can_be_typed() -> None:
    async with OneLine().run_test() as pilot:
        prompt = pilot.app.query_one(PromptInput)
        await pilot.press("end", "ctrl+j", "W")
        assert prompt.prompt == "I eat\nW"
        assert prompt.value == "I eat⏎W"


async def test_what_is_too_long_is_cut() -> None:
    async with OneLine().run_test() as pilot:
        prompt = pilot.app.query_one(PromptInput)
        prompt.append("x" * MAX_CHARACTERS)
        assert len(prompt.value) == MAX_CHARACTERS
        assert prompt.value.startswith("I eatxxx")
