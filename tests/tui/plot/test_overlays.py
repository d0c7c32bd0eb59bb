"""Other runs keep their place and letter, and are read from their folders as they grow."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from minigpt_tui.config_files import load_preset
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder, create_run
from minigpt_tui.runs.metrics import METRIC, RecordWriter
from minigpt_tui.tui.plot import overlays
from minigpt_tui.tui.plot.chosen_runs import MOST_OVERLAYS, ChosenRuns
from minigpt_tui.tui.plot.outside_curve import read_outside_curves
from minigpt_tui.tui.plot.overlays import OverlaidCurves
from minigpt_tui.tui.plot.plot_data import PlotData
from minigpt_tui.tui.train.run_monitor import plot_data


def make_run(data: DataFolder, name: str, rows: int) -> RunFolder:
    run = create_run(data, name, load_preset("tiny"))
    append(run, 1, rows)
    return run


def append(run: RunFolder, first: int, last: int) -> None:
    metrics = RecordWriter(run.metrics_file, METRIC)
    for step in range(first, last + 1):
        metrics.append(
            step=step, epoch=step / 10, loss=3.0, lr=1e-3, grad_norm=1.0, tokens=64, seconds=step
        )
    metrics.close()


def smoothing(data: PlotData) -> int:
    return 10


def read_all(curves: OverlaidCurves) -> None:
    for run in curves.missing():
        curves.take(run, curves.first_look(run, smoothing))


@pytest.fixture
def runs(data: DataFolder) -> list[RunFolder]:
    return [make_run(data, f"run-{i}", 5) for i in range(MOST_OVERLAYS + 1)]


def test_a_run_comes_back_to_its_place(runs: list[RunFolder]) -> None:
    chosen = ChosenRuns()
    chosen.add(runs[0], runs[1])
    assert not chosen.toggle(runs[0])
    chosen.toggle(runs[2])
    chosen.toggle(runs[0])
    assert [chosen.slots[run] for run in runs[:3]] == [0, 1, 2]


def test_more_runs_than_can_be_told_apart_are_refused(runs: list[RunFolder]) -> None:
    chosen = ChosenRuns()
    chosen.add(*runs[:MOST_OVERLAYS])
    assert sorted(chosen.slots.values()) == list(range(MOST_OVERLAYS))
    with pytest.raises(ValueError, match="another one out"):
        chosen.toggle(runs[-1])
    chosen.toggle(runs[3])
    chosen.toggle(runs[-1])
    assert chosen.slots[runs[-1]] == 3


def test_curves_are_read_once_and_then_followed(
    runs: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlays, "PULL_SECONDS", 0.0)
    chosen = ChosenRuns()
    chosen.add(runs[0], runs[1])
    curves = OverlaidCurves(chosen, plot_data)
    assert curves.missing() == runs[:2]
    read_all(curves)
    drawn = curves.pull(None, smoothing)
    assert drawn is not None
    assert [(overlay.letter, overlay.name) for overlay in drawn] == [("A", "run-0"), ("B", "run-1")]
    assert curves.pull(None, smoothing) is None, "nothing is new"
    append(runs[1], 6, 9)
    grown = curves.pull(None, smoothing)
    assert grown is not None
    assert grown[1].curve.newest == 9


def test_the_shown_run_does_not_lie_over_itself(runs: list[RunFolder]) -> None:
    chosen = ChosenRuns()
    chosen.add(runs[0], runs[1])
    curves = OverlaidCurves(chosen, plot_data)
    read_all(curves)
    drawn = curves.pull(runs[0], smoothing)
    assert drawn is not None
    assert [overlay.letter for overlay in drawn] == ["B"]
    chosen.toggle(runs[1])
    assert curves.pull(runs[0], smoothing) == ()


def test_a_run_that_was_deleted_does_no_harm(
    runs: list[RunFolder], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(overlays, "PULL_SECONDS", 0.0)
    chosen = ChosenRuns()
    chosen.add(runs[0])
    curves = OverlaidCurves(chosen, plot_data)
    read_all(curves)
    curves.pull(None, smoothing)
    shutil.rmtree(runs[0].path)
    gone = curves.pull(None, smoothing)
    assert gone is not None
    assert len(gone[0].curve.whole.steps) == 0


def test_a_curve_of_another_program_lies_over_like_a_run(
    runs: list[RunFolder], tmp_path: Path
) -> None:
    (tmp_path / "other.csv").write_text("step,loss\n1,3.0\n2,2.0\n")
    [other] = read_outside_curves(str(tmp_path / "other.csv"))
    chosen = ChosenRuns()
    chosen.add(runs[0], other)
    chosen.add(*read_outside_curves(str(tmp_path / "other.csv")))  # the same again
    curves = OverlaidCurves(chosen, plot_data)
    read_all(curves)
    drawn = curves.pull(None, smoothing)
    assert drawn is not None
    assert [(overlay.letter, overlay.name) for overlay in drawn] == [("A", "run-0"), ("B", "other")]
    assert drawn[1].curve.whole.steps.tolist() == [1, 2]
    assert curves.pull(None, smoothing) is None
    assert not chosen.toggle(other)
    with pytest.raises(ValueError, match="Type the path"):
        read_outside_curves("  ")
