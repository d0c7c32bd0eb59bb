"""The text with tinted tokens: the cursor goes by tokens, rows hold, and nothing is hidden."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from minigpt_tui.tui.predict.token_text import TokenText, TokenTints


class Shown(App[None]):
    def __init__(self, shown: TokenTints) -> None:
        super().__init__()
        self.tokens = shown
        self.moves: list[int] = []

    def compose(self) -> ComposeResult:
        yield TokenText(id="text")

    def on_mount(self) -> None:
        text = self.query_one(TokenText)
        text.show(self.tokens, 0)
        text.focus()

    def on_token_text_moved(self, message: TokenText.Moved) -> None:
        self.moves.append(message.at)


def lines(text: TokenText) -> list[str]:
    return [text.render_line(y).text.rstrip() for y in range(text.size.height)]


WORDS = TokenTints(["I", " eat", " rice", "\n", "We", " eat", " bread"], [0, 1, 2, 3, 4, 5, 0])


async def test_every_character_is_seen_and_rows_break_at_tokens() -> None:
    app = Shown(TokenTints(WORDS.pieces, WORDS.tints, space_leads=True))
    async with app.run_test(size=(8, 6)):
        assert lines(app.query_one(TokenText)) == ["I·eat", "·rice⏎", "We·eat", "·bread", "", ""]


async def test_the_cursor_moves_by_tokens_rows_and_to_the_ends() -> None:
    app = Shown(WORDS)
    async with app.run_test(size=(20, 4)) as pilot:
        text = app.query_one(TokenText)
        await pilot.press("right", "right")
        assert text.cursor == 2
        await pilot.press("down")
        assert text.cursor == 5  # below the middle of “rice” is “eat”
        await pilot.press("up", "home", "left")
        assert text.cursor == 0
        await pilot.press("end", "right")
        assert text.cursor == 7
        assert app.moves[-1] == 7
        await pilot.click(TokenText, offset=(1, 1))
        assert text.cursor == 4


async def test_a_long_text_scrolls_with_the_cursor() -> None:
    pieces = ["word ", "\n"] * 200
    app = Shown(TokenTints(pieces, [0] * 400))
    async with app.run_test(size=(20, 5)) as pilot:
        text = app.query_one(TokenText)
        await pilot.press("end")
        assert text.scroll_offset.y == 201 - 5
        await pilot.press("home")
        assert text.scroll_offset.y == 0
        await pilot.press("pagedown")
        assert text.cursor == 8


@pytest.mark.parametrize(
    "pieces", [[], ["\x1b[31m", "\u202e", "👩‍👩‍👧"], ["x" * 50], ["", "a", ""], ["\n"], ["שלום"]]
)
async def test_any_text_is_shown_safely(pieces: list[str]) -> None:
    app = Shown(TokenTints(pieces, [4] * len(pieces)))
    async with app.run_test(size=(12, 5)) as pilot:
        text = app.query_one(TokenText)
        await pilot.press("right", "down", "end")
        assert text.cursor == len(pieces)
        assert "".join(lines(text)).isprintable()
        await pilot.press("left", "up", "home")
        assert text.cursor == 0


async def test_strong_tints_are_told_apart_without_colours() -> None:
    app = Shown(WORDS)
    async with app.run_test(size=(40, 4)):
        styles = {
            segment.text: segment.style
            for y in range(2)
            for segment in app.query_one(TokenText).render_line(y)
        }
        assert styles["⏎"].underline
        assert styles["We"].underline
        assert styles["We"].bold
        assert not styles["rice"].underline
