"""The widget shows what it is given, answers its keys, and redraws only what changed."""

from __future__ import annotations

import numpy as np
import pytest
from textual.app import App, ComposeResult
from textual.color import Color
from textual.widgets import Footer

from minigpt_tui.tui.widgets.loss_plot import LossPlot, PlotData
from minigpt_tui.tui.widgets.plot_frame import plot_frame


class Bench(App[None]):
    def compose(self) -> ComposeResult:
        yield LossPlot()
        yield Footer()


def run(rows: int, **more: object) -> PlotData:
    steps = np.arange(1, rows + 1)
    loss = 1.5 + 2.7 * np.exp(-steps / 150) + np.random.default_rng(2).normal(0, 0.1, rows)
    every = steps[49::50]
    return PlotData(steps, loss, every, loss[49::50] + 0.1, **more)


def shown(plot: LossPlot) -> list[str]:
    return [plot.render_line(y).text for y in range(plot.size.height)]


async def test_without_data_a_sentence_stands_in_the_middle() -> None:
    async with Bench().run_test(size=(60, 11)) as pilot:
        rows = shown(pilot.app.query_one(LossPlot))
        assert rows[4].strip() == "No loss yet. The curves begin with the first step."


@pytest.mark.parametrize("size", [(40, 8), (80, 24), (160, 45), (220, 60)])
async def test_a_run_is_drawn_at_every_size(size: tuple[int, int]) -> None:
    async with Bench().run_test(size=size) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(1000, references=(("unigram", 3.3),), total_steps=1000))
        await pilot.pause()
        rows = shown(plot)
        assert all(len(row) == plot.size.width for row in rows)
        assert "val" in rows[0]
        assert "●" in "".join(rows[1:])
        assert "1k" in rows[-1]


async def test_the_plot_follows_a_growing_run_and_a_new_one() -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        pictures = []
        for data in (PlotData.empty(), run(1), run(30), run(3000), run(200), PlotData.empty()):
            plot.show(data)
            await pilot.pause()
            pictures.append("\n".join(shown(plot)))
        assert len(set(pictures[:5])) == 5
        assert pictures[5] == pictures[0]


async def test_the_same_curves_again_cost_no_drawing() -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(1000))
        await pilot.pause()
        before = plot.render_line(3)
        plot.show(run(1000))
        assert plot.render_line(3) is before


async def test_new_points_need_no_new_frame() -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(900))
        await pilot.pause()
        drawn = plot_frame.cache_info().misses
        for rows in range(905, 940, 5):
            plot.show(run(rows))
            shown(plot)
        assert plot_frame.cache_info().misses == drawn


async def test_keys_change_scale_and_smoothing() -> None:
    async with Bench().run_test(size=(100, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(1000))
        plot.focus()
        await pilot.press("l")
        assert plot.log_scale
        assert "nats, log" in shown(plot)[0]
        assert plot.span == 30
        await pilot.press("plus")
        assert plot.span == 100
        assert "EMA 100" in shown(plot)[0]
        await pilot.press("minus", "minus", "minus", "minus", "minus")
        assert plot.span == 1
        assert "EMA" not in shown(plot)[0]
        await pilot.press("0", "l")
        assert plot.span == 30
        assert not plot.log_scale


async def test_the_cursor_comes_moves_and_goes() -> None:
    async with Bench().run_test(size=(100, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(1000))
        plot.focus()
        await pilot.press("left")
        assert plot.cursor == 1000
        await pilot.press("left")
        assert plot.cursor is not None
        assert 980 <= plot.cursor < 1000
        assert shown(plot)[0].startswith(f"step {plot.cursor}")
        await pilot.press("home")
        assert plot.cursor == 1
        await pilot.press("left")
        assert plot.cursor == 1
        await pilot.press("right", "end")
        assert plot.cursor == 1000
        await pilot.press("escape")
        assert plot.cursor is None
        assert not shown(plot)[0].startswith("step")


async def test_a_click_reads_the_curves_there() -> None:
    async with Bench().run_test(size=(100, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(1000))
        await pilot.pause()
        await pilot.click(LossPlot, offset=(52, 8))
        assert plot.cursor is not None
        assert 350 < plot.cursor < 700


async def test_escape_is_left_to_others_while_there_is_no_cursor() -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(100))
        plot.focus()
        assert plot.check_action("drop_cursor", ()) is False
        await pilot.press("left")
        assert plot.check_action("drop_cursor", ()) is True


async def test_keys_work_without_data() -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.focus()
        await pilot.press("l", "plus", "minus", "0", "left", "right", "home", "end", "escape")
        assert plot.cursor is None


async def test_a_changed_theme_and_size_are_drawn_anew() -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(run(500))
        await pilot.pause()
        pilot.app.theme = "textual-dark"
        await pilot.pause()
        dark = {segment.style for y in range(20) for segment in plot.render_line(y)}
        pilot.app.theme = "textual-light"
        await pilot.pause()
        light = {segment.style for y in range(20) for segment in plot.render_line(y)}
        assert not dark & light
        await pilot.resize_terminal(120, 40)
        await pilot.pause()
        assert {len(row) for row in shown(plot)} == {120}


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_curves_stand_out_from_the_background(theme: str) -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        pilot.app.theme = theme
        await pilot.pause()
        plot = pilot.app.query_one(LossPlot)
        for part in ("ema", "validation", "best", "value", "label"):
            style = plot.get_component_rich_style(f"loss-plot--{part}")
            assert style.color is not None
            assert style.bgcolor is not None
            colour, background = (
                Color.from_rich_color(style.color),
                Color.from_rich_color(style.bgcolor),
            )
            contrast = _luminance(colour), _luminance(background)
            assert (max(contrast) + 0.05) / (min(contrast) + 0.05) >= 3.5  # WCAG: 3 for graphics


def _luminance(colour: Color) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour.normalized]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
