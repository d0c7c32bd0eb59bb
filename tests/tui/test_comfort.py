"""Small things that make a screen pleasant: tour, jump mode, one part alone, copying."""

from __future__ import annotations

from textual.widgets import Input, OptionList, Static

from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.keys.jump import JumpScreen
from minigpt_tui.tui.tour import STEPS, Tour
from minigpt_tui.tui.widgets.divider import Divider


async def test_the_tour_follows_the_panes_and_can_be_hidden_and_called_again(data):
    app = Workbench(data, with_tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        assert "1 of 4 Choose a text." in words(app)
        await pilot.press("f3")
        assert "2 of 4 Watch it learn." in words(app)
        await pilot.press("ctrl+g")
        assert not app.query(Tour)
        await pilot.press("f6", "ctrl+g")
        assert "4 of 4" in words(app)
        assert app.focused is not None, "the keys stay with the pane"


async def test_the_tour_fits_into_three_lines_at_80_columns(data):
    app = Workbench(data, with_tour=True)
    async with app.run_test(size=(80, 24)) as pilot:
        for pane in STEPS:
            await app.action_pane(pane)
            await pilot.pause(0.01)
            assert app.query_one(Tour).size.height <= 3


async def test_a_letter_goes_to_the_part_it_stands_on(data):
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        assert isinstance(app.focused, OptionList)
        await pilot.press("ctrl+o")
        assert isinstance(app.screen, JumpScreen)
        await pilot.press("a")
        assert isinstance(app.focused, Input), "the filter is the first part"
        await pilot.press("ctrl+o", "escape")
        assert isinstance(app.focused, Input)


async def test_the_help_explains_the_keys_of_the_part_in_use(data):
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        app.query_one(Divider).focus()
        await pilot.press("f1")
        text = " ".join(str(part.render()) for part in app.screen.query(Static))
        assert "Keys of the part in focus" in text
        assert "Move the line" in text


async def test_one_part_fills_the_screen_until_escape(data):
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        texts = app.query_one("#texts-box")
        before = texts.size
        await pilot.press("ctrl+l")
        await pilot.pause()
        assert texts.outer_size.width == 80
        await pilot.press("escape")
        await pilot.pause()
        assert texts.size == before
        await pilot.press("ctrl+l", "f3")
        assert app.pane_name == "train"
        assert app.screen.maximized is None


async def test_what_is_copied_is_also_in_a_file_that_is_named(data):
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.pause()
        await pilot.press("ctrl+y")
        copied = (data.root / "clipboard.txt").read_text()
        assert "sample_corpus" in copied
        assert app.clipboard == copied
        assert any("clipboard.txt" in notice.message for notice in app._notifications)
        await app.action_pane("predict")
        await pilot.press("x", "ctrl+y")
        assert (data.root / "clipboard.txt").read_text() == "I eatx"


def words(app: Workbench) -> str:
    return str(app.query_one(Tour).render())
