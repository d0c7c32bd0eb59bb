"""The drawing is an SVG that any program opens; the table has every figure."""

from __future__ import annotations

import csv
import io
import math
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from minigpt_tui.tui.plot.loss_drawing import View
from minigpt_tui.tui.plot.loss_legend import Overlay
from minigpt_tui.tui.plot.plot_csv import COLUMNS, to_csv
from minigpt_tui.tui.plot.plot_curve import Curve
from minigpt_tui.tui.plot.plot_data import PlotData
from minigpt_tui.tui.plot.plot_export import write_plot
from minigpt_tui.tui.plot.plot_limits import Axis
from minigpt_tui.tui.plot.plot_svg import HEIGHT, TOP, to_svg

SVG = "{http://www.w3.org/2000/svg}"


def run(rows: int = 300, name: str = "mine", **more: object) -> PlotData:
    steps = np.arange(1, rows + 1)
    return PlotData(
        steps,
        (4 / np.sqrt(steps)).astype("f4"),
        steps[99::100],
        5 / np.sqrt(steps[99::100]),
        100,
        (("5-gram", 1.5),),
        name=name,
        lr=np.full(rows, 1e-3, dtype="f4"),
        grad_norm=np.full(rows, 0.5, dtype="f4"),
        epoch=steps / 50,
        tokens=np.full(rows, 32, dtype="f4"),
        seconds=0.5 * steps,
        **more,
    )


def drawing(data: PlotData, upper: float = 300.0, kind: str = "step") -> ET.Element:
    curve, other = Curve(), Curve()
    curve.update(data, 10)
    other.update(run(200, "other"), 10)
    view = View(80, 24, Axis(0.0, upper), Axis(0.0, 4.0), 10, kind=kind)
    return ET.fromstring(to_svg(curve, view, [Overlay(other, "o<th&er", 1)]))


def words(root: ET.Element) -> str:
    return " ".join("".join(text.itertext()) for text in root.iter(f"{SVG}text"))


def test_the_drawing_has_every_curve_and_names_it() -> None:
    root = drawing(run(events=((150, "paused <&>"),)))
    assert len(list(root.iter(f"{SVG}polygon"))) == 1
    assert len(list(root.iter(f"{SVG}polyline"))) == 3
    assert len(list(root.iter(f"{SVG}circle"))) == 3
    for word in ("mine", "train", "validation", "best", "B o<th&er", "5-gram 1.50", "step"):
        assert word in words(root)
    assert any(title.text == "paused <&>" for title in root.iter(f"{SVG}title"))


def test_points_lie_where_their_values_are() -> None:
    root = drawing(run())
    first = next(root.iter(f"{SVG}circle"))  # step 100, loss 0.5, on an axis from 0 to 4
    bottom = HEIGHT - 56
    assert float(first.get("cy", "")) == pytest.approx(bottom - 0.5 / 4 * (bottom - TOP), abs=0.1)


@pytest.mark.parametrize("kind", ["epoch", "tokens", "time"])
def test_the_drawing_counts_what_the_plot_counts(kind: str) -> None:
    upper = {"epoch": 6.0, "tokens": 9600.0, "time": 150.0}[kind]
    assert kind in words(drawing(run(), upper, kind))


def test_odd_losses_are_left_out_of_the_drawing() -> None:
    data = run()
    data.train_loss[[5, 6, 7]] = np.nan, np.inf, -np.inf
    text = ET.tostring(drawing(data), encoding="unicode")
    assert "nan" not in text
    assert "inf" not in text


def test_the_table_has_a_line_a_step_with_the_very_numbers() -> None:
    data = run()
    data.train_loss[4] = np.nan
    lines = list(csv.DictReader(io.StringIO("".join(to_csv([data, run(20, "short")])))))
    assert tuple(lines[0]) == COLUMNS
    assert len(lines) == 320
    assert lines[4]["train_loss"] == "nan"
    assert np.float32(lines[7]["train_loss"]) == data.train_loss[7]
    assert float(lines[99]["validation_loss"]) == data.val_loss[0]
    assert lines[98]["validation_loss"] == ""
    assert float(lines[99]["tokens_seen"]) == 3200
    assert lines[0]["tokens_per_second"] == ""
    assert float(lines[1]["tokens_per_second"]) == pytest.approx(64)
    assert {line["run"] for line in lines[300:]} == {"short"}


def test_a_run_longer_than_a_piece_is_written_whole() -> None:
    lines = list(csv.DictReader(io.StringIO("".join(to_csv([run(20_000)])))))
    assert [int(line["step"]) for line in lines] == list(range(1, 20_001))
    assert float(lines[-1]["tokens_seen"]) == 32 * 20_000
    assert math.isclose(float(lines[8192]["tokens_per_second"]), 64, rel_tol=1e-6)


def test_a_run_without_the_other_columns_leaves_them_empty() -> None:
    data = PlotData(np.array([1, 2]), np.array([3.0, 2.0]), np.array([0]), np.array([3.5]))
    lines = list(csv.DictReader(io.StringIO("".join(to_csv([data])))))
    assert lines[1]["train_loss"] == "2.0"
    assert lines[1]["learning_rate"] == lines[1]["epoch"] == ""
    assert lines[2]["step"] == "0"
    assert lines[2]["validation_loss"] == "3.5"


def test_both_files_are_written_or_the_fault_is_said(tmp_path: Path) -> None:
    exported = write_plot(tmp_path / "plots", "mine-step-300", "<svg/>", [run()])
    assert exported.drawing.read_text() == "<svg/>"
    assert exported.figures.read_text().count("\n") == 301
    assert len(list((tmp_path / "plots").iterdir())) == 2
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match="cannot be written"):
        write_plot(tmp_path / "file", "x", "<svg/>", [])
