"""The line between two parts: moved by keys and by the mouse, and where it is is kept."""

from __future__ import annotations

import pytest

from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.corpus.token_preview import TokenPreview
from minigpt_tui.tui.widgets.divider import Divider


async def test_a_moved_divider_is_there_again_at_the_next_start(data):
    app = Workbench(data)
    async with app.run_test(size=(160, 45)) as pilot:
        texts = app.query_one("#texts-box")
        began = texts.outer_size.width
        app.query_one(Divider).focus()
        await pilot.press("right", "right", "left")
        assert texts.outer_size.width == began + 1
        line = app.query_one(Divider).region.offset
        await pilot.mouse_down(offset=(line.x + 0, line.y + 5))
        await pilot.hover(offset=(line.x + 9, line.y + 5))
        await pilot.mouse_up(offset=(line.x + 9, line.y + 5))
        await pilot.pause()
        assert texts.outer_size.width == began + 10
        app.remember()

    again = Workbench(data)
    async with again.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        texts = again.query_one("#texts-box")
        assert texts.outer_size.width == began + 10
        again.query_one(Divider).focus()
        await pilot.press("0")
        await pilot.pause()
        assert texts.outer_size.width == began
        assert again.remembered.sizes == {}


async def test_a_divider_has_the_keys_that_somebody_wants(data):
    data.settings.write_text("keys:\n  divider.right: L\n  divider.reset: home\n")
    app = Workbench(data)
    async with app.run_test(size=(160, 45)) as pilot:
        texts = app.query_one("#texts-box")
        began = texts.outer_size.width
        app.query_one(Divider).focus()
        await pilot.press("L", "L", "right")
        assert texts.outer_size.width == began + 2
        await pilot.press("home")
        await pilot.pause()
        assert texts.outer_size.width == began


async def test_both_parts_keep_room_enough(data):
    app = Workbench(data)
    async with app.run_test(size=(80, 24)) as pilot:
        divider = app.query_one(Divider)
        divider.focus()
        await pilot.press(*["shift+left"] * 4)
        assert app.query_one("#texts-box").outer_size.width == divider.least
        await pilot.press(*["shift+right"] * 12)
        await pilot.pause()
        assert app.query_one("#chosen").outer_size.width == divider.rest


async def test_a_part_of_a_narrow_screen_has_its_own_size(data):
    app = Workbench(data)
    app.remembered.pane = "train"
    app.remembered.sizes = {"train.form": 70}
    async with app.run_test(size=(160, 45)) as pilot:
        await pilot.pause()
        assert app.query_one("ConfigForm").outer_size.width == 70
        await pilot.resize_terminal(80, 24)
        await pilot.pause()
        assert app.query_one("ConfigForm").outer_size.width == 80


@pytest.mark.parametrize("size", [(80, 24), (160, 45)])
async def test_tab_goes_to_what_is_beside_a_divider_and_to_the_divider_last(data, size):
    app = Workbench(data)
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        await pilot.press("tab")
        assert isinstance(app.focused, TokenPreview)
        await pilot.press("tab")
        assert isinstance(app.focused, Divider)
        await pilot.press("tab")
        assert app.focused is app.query_one("#filter"), "and around again"
