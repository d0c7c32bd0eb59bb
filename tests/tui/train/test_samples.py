"""The samples of a run, read from the newest to the oldest."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.geometry import Size

from minigpt_tui.tui.runs.run_view import Sample
from minigpt_tui.tui.train.samples import Samples

SAMPLES = tuple(Sample(step, "I", f" eat {step} of them\nand more") for step in (300, 200, 100))


class One(App[None]):
    CSS = "Samples { height: 6; width: 40; border: round white; }"

    def compose(self) -> ComposeResult:
        yield Samples()

    @property
    def samples(self) -> Samples:
        return self.query_one(Samples)

    @property
    def seen(self) -> list[str]:
        return [row.plain for row in self.samples.rows_now()]


async def test_they_are_read_by_keys_and_the_border_says_what_is_below() -> None:
    app = One()
    async with app.run_test() as pilot:
        app.samples.show(SAMPLES, "none")
        assert app.seen == ["I eat 300 of them", "and more", "", "after step 200"]
        assert str(app.samples.border_subtitle) == "after step 300  ↓ 6 more"
        app.samples.focus()
        await pilot.press("down")
        assert app.seen[0] == "and more"
        await pilot.press("end")
        assert app.seen[-1] == "and more"
        assert str(app.samples.border_subtitle) == "after step 300"
        await pilot.press("pageup", "home", "up")
        assert app.seen[0] == "I eat 300 of them"


async def test_a_further_sample_is_drawn_without_a_new_layout() -> None:
    app = One()
    async with app.run_test() as pilot:
        app.samples.show(SAMPLES[1:], "none")
        await pilot.pause()
        laid_out = []
        app.screen.screen_layout_refresh_signal.subscribe(app.screen, laid_out.append)
        app.samples.show(SAMPLES, "none")
        await pilot.pause(0.1)
        assert app.seen[0] == "I eat 300 of them"
        assert not laid_out
        app.refresh(layout=True)
        await pilot.pause(0.1)
        assert laid_out, "a layout would have been seen"


async def test_a_long_line_is_wrapped_and_wrapped_anew_when_the_size_changes() -> None:
    app = One()
    async with app.run_test() as pilot:
        app.samples.show([Sample(1, "", "word " * 30)], "none")
        assert max(map(len, app.seen)) <= 38
        app.samples.styles.width = 20
        await pilot.pause(0.1)
        assert app.samples.outer_size == Size(20, 6)
        assert max(map(len, app.seen)) <= 18


async def test_where_there_is_none_a_sentence_says_why() -> None:
    app = One()
    async with app.run_test():
        app.samples.show((), "They follow.")
        assert app.seen == ["They follow."]
        assert not app.samples.border_subtitle
