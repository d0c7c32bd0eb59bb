"""The columns of the list of runs fit into every width, and what is dropped is known."""

from __future__ import annotations

import dataclasses
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run
from minigpt_tui.runs.status import Status, write_status
from minigpt_tui.runs.summary import RunSummary, read_summary
from minigpt_tui.tui.runs.run_columns import (
    COLUMNS,
    GUTTER,
    column_at,
    heading,
    hidden_titles,
    placed_columns,
    row,
)
from minigpt_tui.tui.runs.run_table import in_order

FIELDS = st.sampled_from([column.field for column in COLUMNS])


@pytest.fixture
def summary(data: DataFolder) -> RunSummary:
    run = create_run(data, "run", RunConfig())
    write_status(run, Status("training", step=5, total_steps=9, best_val_loss=1e9))
    return read_summary(run)


@given(width=st.integers(45, 300), sorted_by=FIELDS)
def test_columns_fill_no_more_than_there_is(width: int, sorted_by: str) -> None:
    columns = placed_columns(width, sorted_by)
    fields = [placed.column.field for placed in columns]
    assert {"name", sorted_by} <= set(fields)
    assert fields == [column.field for column in COLUMNS if column.field in fields]
    assert heading(columns, sorted_by, descending=True).cell_length <= width
    assert len(hidden_titles(columns)) + len(columns) == len(COLUMNS)


def test_the_order_in_which_columns_are_dropped() -> None:
    dropped: list[str] = []
    for width in range(200, 40, -1):
        shown = {placed.column.field for placed in placed_columns(width, "name")}
        dropped += [c.field for c in COLUMNS if c.field not in shown and c.field not in dropped]
    assert dropped == [
        "tokens_per_second",
        "bits_per_byte",
        "parameters",
        "corpus",
        "shape",
        "age",
        "loss",
    ]


@pytest.mark.parametrize("width", [60, 75, 109, 200])
def test_a_row_stands_under_its_heading(summary: RunSummary, width: int) -> None:
    names = ("x", "a-very-long-name-that-fits-nowhere-at-all-and-goes-on", "名前" * 20)
    columns = placed_columns(width, "age")
    for name in names:
        path = summary.run.path.with_name(name)
        named = dataclasses.replace(summary, run=dataclasses.replace(summary.run, path=path))
        line = row(named, columns, selected=True, marked=True)
        assert cell_len(line.plain) == heading(columns, "age", False).cell_length


def test_a_click_finds_its_column() -> None:
    columns = placed_columns(120, "age")
    line = heading(columns, "age", descending=False).plain
    for placed in columns:
        assert column_at(columns, line.index(placed.column.title)) == placed.column
    assert column_at(columns, 0) is None
    assert column_at(columns, GUTTER - 1) is None


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("field", [column.field for column in COLUMNS])
def test_pinned_runs_are_first_and_unknown_values_last(
    summary: RunSummary, field: str, descending: bool
) -> None:
    def with_loss(loss: float | None, pinned: bool = False) -> RunSummary:
        status = dataclasses.replace(summary.status, best_val_loss=loss)
        created = time.time() - 1000 * (loss or 0)
        return dataclasses.replace(summary, status=status, pinned=pinned, created=created)

    runs = [with_loss(None), with_loss(2.0), with_loss(float("nan")), with_loss(1.0, pinned=True)]
    ordered = in_order([*runs, with_loss(3.0)], field, descending)
    assert ordered[0].pinned
    if field == "loss":
        losses = [s.status.best_val_loss for s in ordered[1:3]]
        assert losses == sorted([2.0, 3.0], reverse=descending)
