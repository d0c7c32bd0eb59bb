"""Bars to both sides of a line: what adds stands to the right, what takes away to the left."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from minigpt_tui.tui.widgets.bars import block

NUMBER_WIDTH = 9


def signed_bars(
    labels: Sequence[str],
    values: Sequence[float],
    width: int,
    *,
    digits: int = 2,
    cursor: int | None = None,
) -> list[Content]:
    """One line a value: label, number, bar. The longest bar is that of the largest value."""
    label_width = max((len(label) for label in labels), default=0)
    largest = max((abs(value) for value in values), default=0.0) or 1.0
    half = max(1, (width - label_width - NUMBER_WIDTH - 4) // 2)
    lines = []
    for row, (label, value) in enumerate(zip(labels, values, strict=True)):
        drawn = block(abs(value) / largest, half)
        if value < 0:
            # Eighths grow from the left only, so that on this side whole cells have to do.
            left, right = "█" * len(drawn), ""
        else:
            left, right = "", drawn
        chosen = row == cursor
        lines.append(
            Content.assemble(
                (label.ljust(label_width), "bold reverse" if chosen else "bold"),
                f" {value:>+{NUMBER_WIDTH - 1}.{digits}f} ",
                (left.rjust(half), "$accent"),
                ("│", "$foreground 40%"),
                (right.ljust(half), "$primary"),
            )
        )
    return lines
