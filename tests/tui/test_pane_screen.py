"""Every part of a pane hears of its size, whoever asks for it before it is laid out."""

from __future__ import annotations

from textual.app import App
from textual.events import Resize
from textual.widget import Widget

from minigpt_tui.tui.pane_screen import PaneScreen


class Part(Widget):
    """Counts what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[int] = []

    def on_resize(self, event: Resize) -> None:
        self.told.append(event.size.width)


class Place(App[None]):
    def get_default_screen(self) -> PaneScreen:
        return PaneScreen(id="_default")


async def test_a_part_that_is_asked_for_its_width_at_once_is_told_of_it() -> None:
    app = Place()
    async with app.run_test(size=(40, 10)) as pilot:
        part = Part()
        await app.screen.mount(part)
        # What Textual does when the part has something to paint before its first layout.
        app.screen._compositor.update_widgets({part})
        assert part.region.width == 40
        await pilot.pause()
        assert part.told == [40]
        await pilot.resize_terminal(50, 10)
        await pilot.pause()
        assert part.told == [40, 50]
