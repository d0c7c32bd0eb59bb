"""The legend names as much as there is room for, the most telling first."""

from __future__ import annotations

import numpy as np
import pytest

from minigpt_tui.tui.plot.cells import OVERLAYS
from minigpt_tui.tui.plot.chosen_runs import MOST_OVERLAYS
from minigpt_tui.tui.plot.loss_legend import (
    LETTERS,
    LONGEST_NAME,
    SIGNS,
    Overlay,
    overlay_legend,
    short_name,
)
from minigpt_tui.tui.plot.overlay_drawing import PATTERNS
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_data import PlotData


def overlays(count: int, rows: int = 100) -> list[Overlay]:
    made = []
    for slot in range(count):
        curve, steps = Curve(), np.arange(1, rows + 1)
        curve.update(PlotData(steps, 2.0 + 1 / steps, steps[9::10], 2.5 + 0 * steps[9::10]), 1)
        made.append(Overlay(curve, f"run-{slot}", slot))
    return made


def lines(count: int, width: int, rows: int, at: float | None = None) -> list[str]:
    legend = overlay_legend(overlays(count), "step", at, width, rows)
    return ["".join(text for text, _ in parts) for parts in legend]


def test_with_room_each_run_has_its_letter_its_name_and_its_losses() -> None:
    assert lines(2, 100, 2) == ["A ╸╸ run-0 2.010 val 2.500   B ┅┅ run-1 2.010 val 2.500"]


def test_validation_goes_before_a_name_does() -> None:
    assert lines(3, 60, 1) == ["A ╸╸ run-0 2.010   B ┅┅ run-1 2.010   C ╸╺ run-2 2.010"]


def test_long_names_lose_their_middles() -> None:
    assert short_name("stories-modern-lr3") == "stories-modern-lr3"
    assert short_name("stories-modern-lr3", 10) == "storie…lr3"
    assert "\x1b" not in short_name("\x1b[2J" * 9)
    assert len(short_name("x" * 300)) == LONGEST_NAME


@pytest.mark.parametrize("width", range(28, 140, 7))
@pytest.mark.parametrize("rows", [1, 2])
def test_what_has_no_room_is_counted(width: int, rows: int) -> None:
    found = lines(MOST_OVERLAYS, width, rows)
    assert 1 <= len(found) <= rows
    assert all(len(line) <= width for line in found)
    text = " ".join(found)
    more = int(text.split("+")[1].split()[0]) if "more" in text else 0
    assert text.count("run-") + more == MOST_OVERLAYS


def test_at_a_step_the_losses_are_those_of_the_step() -> None:
    assert "2.100 val 2.500" in lines(1, 100, 1, at=10)[0]
    assert lines(1, 100, 1, at=500) == ["A ╸╸ run-0 ended"]


def test_a_run_without_a_loss_is_named() -> None:
    legend = overlay_legend([Overlay(Curve(), "new", 0)], "step", None, 80, 1)
    assert "".join(text for text, _ in legend[0]) == "A ╸╸ new no loss"


def test_every_place_has_a_colour_a_letter_and_patterns() -> None:
    assert {len(LETTERS), len(SIGNS), len(PATTERNS), len(OVERLAYS)} == {MOST_OVERLAYS}
    assert len(set(PATTERNS)) == len(set(SIGNS)) == MOST_OVERLAYS
