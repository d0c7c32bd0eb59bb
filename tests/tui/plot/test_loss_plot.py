"""The widget shows what it is given, answers its keys, and redraws only what changed."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import numpy as np
import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.color import Color
from textual.pilot import Pilot
from textual.widgets import Footer

from minigpt_tui.tui.plot.loss_legend import Overlay
from minigpt_tui.tui.plot.loss_plot import LossPlot, PlotData
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_frame import plot_frame
from minigpt_tui.tui.plot.plot_state import Look


class Bench(App[None]):
    def compose(self) -> ComposeResult:
        yield LossPlot()
        yield Footer()


def run(rows: int, **more: object) -> PlotData:
    steps = np.arange(1, rows + 1)
    loss = 1.5 + 2.7 * np.exp(-steps / 150) + np.random.default_rng(2).normal(0, 0.1, rows)
    every = steps[49::50]
    return PlotData(steps, loss, every, loss[49::50] + 0.1, **more)


def timed(rows: int, **more: object) -> PlotData:
    """A run with all its columns: 20 steps an epoch, 64 tokens and half a second a step."""
    steps = np.arange(1, rows + 1)
    columns = {
        "lr": np.full(rows, 1e-3),
        "grad_norm": np.full(rows, 0.8),
        "epoch": steps / 20,
        "tokens": np.full(rows, 64.0),
        "seconds": steps / 2,
        "name": "timed",
    }
    return run(rows, **{**columns, **more})


def other(rows: int, name: str = "other", slot: int = 0) -> Overlay:
    curve = Curve()
    curve.update(timed(rows), 30)
    return Overlay(curve, name, slot)


@asynccontextmanager
async def plotted(
    data: PlotData, size: tuple[int, int] = (100, 24)
) -> AsyncIterator[tuple[LossPlot, Pilot[None]]]:
    async with Bench().run_test(size=size) as pilot:
        plot = pilot.app.query_one(LossPlot)
        plot.show(data)
        plot.focus()
        await pilot.pause()
        yield plot, pilot


def limits(plot: LossPlot) -> tuple[float, float]:
    assert plot.view is not None
    return plot.view.x.lower, plot.view.x.upper


async def mouse(
    plot: LossPlot,
    pilot: Pilot[None],
    kind: type[events.MouseEvent],
    x: int,
    y: int,
    button: int = 1,
) -> None:
    """What the terminal reports of a mouse at a cell of the plot."""
    x, y = plot.region.x + x, plot.region.y + y
    plot.app.post_message(kind(None, x, y, 0, 0, button, False, False, False, x, y))
    await pilot.pause()


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
        keys = "l L x p f w up down comma full_stop plus minus 0 left right home end escape"
        await pilot.press(*keys.split())
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


async def test_keys_zoom_and_pan_and_lead_back() -> None:
    async with plotted(run(1000, total_steps=1000)) as (plot, pilot):
        assert plot.seen_in_words == ""
        await pilot.press("up")
        assert limits(plot) == (500, 1000)
        assert "steps 500–1,000 · following" in plot.seen_in_words
        await pilot.press("comma")
        lower, upper = limits(plot)
        assert lower < 500
        assert upper - lower == pytest.approx(500)
        assert "f follows" in plot.seen_in_words
        plot.show(run(1010, total_steps=2000))
        assert limits(plot) == (lower, upper), "who looks back is left in peace"
        await pilot.press("f")
        lower, upper = limits(plot)
        assert lower < 1010 < upper
        await pilot.press("down", "down")
        assert plot.look.part is None
        await pilot.press("up", "up", "w")
        assert plot.look.part is None


async def test_while_it_follows_the_right_edge_keeps_up_with_the_run() -> None:
    async with plotted(run(1000)) as (plot, pilot):
        await pilot.press("up", "up", "up")
        width = limits(plot)[1] - limits(plot)[0]
        for rows in (1100, 1500, 3000):
            plot.show(run(rows))
            lower, upper = limits(plot)
            assert lower < rows <= upper
            assert upper - lower == pytest.approx(width)


async def test_the_cursor_brings_its_step_into_sight() -> None:
    async with plotted(run(1000)) as (plot, pilot):
        await pilot.press("up", "up", "home")
        lower, upper = limits(plot)
        assert lower <= 1 <= upper
        assert plot.cursor == 1


async def test_a_zoom_is_around_the_cursor() -> None:
    async with plotted(run(1000, total_steps=1000)) as (plot, pilot):
        await pilot.click(LossPlot, offset=(30, 8))
        cursor = plot.cursor
        assert cursor is not None
        await pilot.press(*["up"] * 4)
        lower, upper = limits(plot)
        assert lower < cursor < upper
        assert upper - lower < 100
        assert plot.cursor == cursor


async def test_another_run_is_seen_whole() -> None:
    async with plotted(run(1000, name="one")) as (plot, pilot):
        await pilot.press("up")
        plot.show(run(400, name="two"))
        assert plot.look.part is None


async def test_a_drag_zooms_into_the_box() -> None:
    async with plotted(run(1000, total_steps=1000)) as (plot, pilot):
        await mouse(plot, pilot, events.MouseDown, 30, 4)
        await mouse(plot, pilot, events.MouseMove, 40, 8)
        assert plot.box is not None
        await mouse(plot, pilot, events.MouseUp, 40, 8)
        assert plot.box is None
        assert plot.cursor is None, "the end of a drag reads nothing"
        lower, upper = limits(plot)
        assert upper - lower == pytest.approx(1000 * 10 / 94, rel=0.1)
        assert plot.view is not None
        assert plot.look.part is not None
        assert plot.look.part.y == (plot.view.y.lower, plot.view.y.upper)
        await pilot.press("l", "w")
        assert plot.look.part is None


async def test_the_wheel_zooms_around_the_mouse() -> None:
    async with plotted(run(1000, total_steps=1000)) as (plot, pilot):
        for _ in range(3):
            await mouse(plot, pilot, events.MouseScrollUp, 50, 8, button=0)
        lower, upper = limits(plot)
        assert upper - lower == pytest.approx(1000 * 0.8**3, rel=0.01)
        assert 0 < lower < upper < 1000


async def test_the_x_axis_counts_what_was_recorded() -> None:
    async with plotted(timed(1000, total_steps=1000)) as (plot, pilot):
        uppers = {}
        for _ in range(4):
            await pilot.press("x")
            uppers[plot.kind] = limits(plot)[1]
        assert uppers == {
            "epoch": 50,
            "tokens": 64_000,
            "time": pytest.approx(500, rel=0.2),
            "step": 1000,
        }
        await pilot.press("up", "x")
        assert limits(plot) == (25, 50), "the same part on another scale"
        assert "x axis" not in plot.seen_in_words
        assert "epochs 25.00–50.00" in plot.seen_in_words
        await pilot.press("w", "L")
        assert plot.view is not None
        assert plot.view.x.log
        plot.show(run(300))  # without the other columns
        assert plot.kind == "step"


async def test_the_reading_names_everything_at_the_cursor() -> None:
    data = timed(1000, references=(("5-gram", 2.0),), events=((1000, "paused"),))
    async with plotted(data) as (plot, pilot):
        assert plot.reading(200) is None
        await pilot.press("end")
        line = plot.reading(200)
        assert line is not None
        for words in ("◆ paused", "lr 1e-3", "grad norm 0.8", "epoch 50.00", "after 8:20"):
            assert words in line.plain
        assert "below 5-gram" in line.plain
        assert "64k" in line.plain
        for width in (10, 40, 76):
            short = plot.reading(width)
            assert short is not None
            assert short.cell_length <= width


async def test_small_plots_come_and_go_and_say_when_there_is_no_room() -> None:
    async with plotted(timed(1000), size=(100, 25)) as (plot, pilot):
        assert "learning rate" not in "\n".join(shown(plot))
        await pilot.press("p")
        text = "\n".join(shown(plot))
        assert all(name in text for name in ("learning rate 1e-3", "gradient norm 0.8", "tokens/s"))
        await pilot.resize_terminal(80, 18)
        await pilot.pause()
        shown(plot)
        assert "too low for tokens/s" in plot.seen_in_words
        await pilot.resize_terminal(80, 11)
        await pilot.pause()
        shown(plot)
        assert "too low for 3 small plots" in plot.seen_in_words
        await pilot.press("p")
        assert plot.seen_in_words == ""


async def test_other_runs_are_named_and_told_apart_without_colour() -> None:
    async with plotted(timed(1000)) as (plot, pilot):
        plot.show_overlays([other(2000, "longer", 0), other(500, "[b]short\x1b", 3)])
        rows = shown(plot)
        assert "A " in rows[1]
        assert "longer" in rows[1]
        assert "D " in "".join(rows[1:3])
        assert "\x1b" not in "".join(rows)
        assert limits(plot)[1] >= 2000
        area = "".join(rows[3:-2])
        assert "A" in area
        assert "D" in area
        await pilot.press("end")
        assert "ended" in "".join(shown(plot)[1:3])
        plot.show_overlays([])
        assert "longer" not in "".join(shown(plot))


async def test_a_short_run_beside_a_long_one_can_be_seen_alone() -> None:
    async with plotted(timed(100, total_steps=100)) as (plot, pilot):
        assert not plot.check_action("see_all", ())
        plot.show_overlays([other(5000)])
        assert limits(plot)[1] >= 5000
        await pilot.press("w")
        assert limits(plot) == (0, 100)
        await pilot.press("w")
        assert limits(plot)[1] >= 5000


async def test_overlays_are_smoothed_like_the_run() -> None:
    async with plotted(timed(1000)) as (plot, pilot):
        overlay = other(1000)
        plot.show_overlays([overlay])
        before = overlay.curve.whole.ema.copy()
        await pilot.press("plus")
        assert not np.array_equal(before, overlay.curve.whole.ema)


async def test_keys_that_do_nothing_are_not_offered() -> None:
    async with plotted(run(1000)) as (plot, pilot):
        offered = {action: plot.check_action(action, ()) for action in ("see_all", "pan", "follow")}
        assert not any(offered.values())
        await pilot.press("up", "comma")
        assert all(plot.check_action(action, ()) for action in offered)


async def test_the_look_is_kept_outside_the_widget() -> None:
    look = Look(log_y=True, kind="epoch")
    plot = LossPlot(look)
    assert plot.log_scale
    plot.show(timed(100))
    assert plot.kind == "epoch"


@pytest.mark.parametrize("theme", ["textual-dark", "textual-light"])
async def test_curves_stand_out_from_the_background(theme: str) -> None:
    async with Bench().run_test(size=(80, 24)) as pilot:
        pilot.app.theme = theme
        await pilot.pause()
        plot = pilot.app.query_one(LossPlot)
        overlays = [f"overlay_{place}" for place in range(1, 7)]
        for part in ("ema", "validation", "best", "value", "label", "small", *overlays):
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
