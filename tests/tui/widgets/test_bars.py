"""Bars of probabilities: the numbers never lie, the columns stay aligned, everything fits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from minigpt_tui.text.safe import shown_token
from minigpt_tui.tui.widgets.bars import Bar, bar_lines, block, fitting, percent, scale_of

probabilities = st.floats(0, 1)


@pytest.mark.parametrize(
    ("probability", "words"),
    [
        (0.324, "32.4 %"),
        (0.0324, "3.24 %"),
        (0.0008, "0.08 %"),
        (0.00004, "<0.01 %"),
        (0.0, "0 %"),
        (1.0, "100 %"),
        (0.9999, ">99.9 %"),
        (0.09996, "10.0 %"),
    ],
)
def test_percent_has_enough_digits(probability: float, words: str) -> None:
    assert percent(probability) == words


@given(probabilities)
def test_percent_never_rounds_to_none_or_to_all(probability: float) -> None:
    words = percent(probability)
    assert len(words) <= 7
    assert (words == "0 %") == (probability == 0)
    assert (words == "100 %") == (probability == 1)


@given(probabilities, st.integers(1, 100))
def test_a_block_fits_and_a_little_is_still_seen(share: float, width: int) -> None:
    drawn = block(share, width)
    assert len(drawn) <= width
    assert bool(drawn) == (share > 0)


def test_a_block_is_as_long_as_its_share() -> None:
    assert block(0.5, 10) == "█████"
    assert block(0.25, 10) == "██▌"
    assert block(1.0, 10) == "█" * 10


@given(
    st.lists(st.builds(Bar, st.text(max_size=30).map(shown_token), probabilities), max_size=12),
    st.integers(20, 120),
)
def test_rows_are_aligned_and_never_too_wide(bars: list[Bar], width: int) -> None:
    lines = [line.plain for line in bar_lines(bars, width)]
    assert len(lines) == len(bars)
    assert all(cell_len(line) <= width for line in lines)
    assert len({cell_len(line[: line.rindex("%")]) for line in lines}) <= 1


def test_small_probabilities_get_a_finer_scale_but_never_a_boastful_one() -> None:
    assert scale_of([Bar("a", 0.6), Bar("b", 0.1)]) == 1.0
    assert scale_of([Bar("a", 0.3)]) == 0.5
    assert scale_of([Bar("a", 0.001)]) == 0.1
    assert scale_of([]) == 1.0


def test_a_note_stands_where_there_is_room_for_it() -> None:
    bars = [Bar("<UNK>", 0.2, note="never sampled", drawn=False), Bar("a", 0.4)]
    wide, narrow = bar_lines(bars, 60)[0].plain, bar_lines(bars, 22)[0].plain
    assert wide.endswith("never sampled")
    assert "█" not in wide
    assert "never" not in narrow


def test_the_last_line_leaves_out_what_does_not_fit() -> None:
    parts = ["others 39.8 %", "end of text 0.03 %", "<UNK> 0.02 %"]
    assert fitting(parts, 36) == "others 39.8 % · end of text 0.03 %"
    assert fitting(parts, 60) == " · ".join(parts)
    assert fitting(parts, 5) == fitting([], 36) == ""


def test_every_label_can_be_seen() -> None:
    assert bar_lines([Bar("\u0301", 0.5)], 40)[0].plain.startswith("◌\u0301")
    assert bar_lines([Bar("\u00a0", 0.5)], 40)[0].plain.startswith("⟨U+00A0⟩")
