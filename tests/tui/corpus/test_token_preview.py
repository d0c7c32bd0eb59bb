"""The preview of a text in coloured tokens."""

from __future__ import annotations

from textual.app import App, ComposeResult

from minigpt_tui.tui.corpus.token_preview import TokenPreview


class Host(App[None]):
    def compose(self) -> ComposeResult:
        yield TokenPreview()


def drawn(preview: TokenPreview, y: int) -> str:
    return preview.render_line(y).text.rstrip()


async def test_white_space_and_control_characters_are_shown() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        preview = app.query_one(TokenPreview)
        preview.show_text("a b\tc\n\x1b[31mred [bold]x[/nope]\n")
        await pilot.pause()
        assert drawn(preview, 0) == "a·b⇥c⏎"
        assert drawn(preview, 1) == "␛[31mred·[bold]x[/nope]⏎"


async def test_neighbours_differ_in_colour_and_without_colour_in_underline() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        preview = app.query_one(TokenPreview)
        preview.show_text("one two three")
        preview.show_tokens([(0, 3, 2), (3, 7, 3), (7, 13, 4)], "word")
        await pilot.pause()
        styles = {s.text: s.style for s in preview.render_line(0) if s.style and s.text.strip()}
        assert styles["one"].bgcolor != styles["two"].bgcolor != styles["three"].bgcolor
        assert [bool(styles[w].underline) for w in ("one", "two", "three")] == [False, True, False]


async def test_rows_follow_the_width() -> None:
    app = Host()
    async with app.run_test(size=(40, 10)) as pilot:
        preview = app.query_one(TokenPreview)
        preview.show_text("word " * 40)
        await pilot.pause()
        tall = preview.virtual_size.height
        await pilot.resize_terminal(20, 10)
        await pilot.pause()
        assert preview.virtual_size.height > tall
