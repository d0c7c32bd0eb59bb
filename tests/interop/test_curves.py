"""Curves that other programs wrote are found by their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from numpy.typing import NDArray

from minigpt_tui.interop.curves import read_curves
from minigpt_tui.interop.tensorboard_files import EventFile


def pairs(curve: tuple[NDArray[Any], NDArray[Any]]) -> list[tuple[float, float]]:
    steps, losses = curve
    return list(zip(steps.tolist(), losses.tolist(), strict=True))


def test_a_folder_of_tensorboard_gives_a_curve_for_each_run(tmp_path: Path) -> None:
    for name in ("one/tensorboard", "two"):
        file = EventFile(tmp_path / "logs" / name)
        for step in (1, 2, 3):
            file.scalars(step, {"Loss/train": 4.0 - step, "lr": 0.1, "aux_loss": 9.0})
        file.scalars(3, {"Loss/val": 1.5})
        file.close()
    hyperparameters = EventFile(tmp_path / "logs" / "three")
    hyperparameters.scalars(0, {"hparam/metric": 1.0})
    hyperparameters.close()
    again = EventFile(tmp_path / "logs" / "two", first_step=3)
    again.scalars(3, {"Loss/train": 0.5})
    again.close()
    one, two = read_curves(tmp_path / "logs")
    assert (one.name, two.name) == ("one", "two")
    assert pairs(one.train) == [(1, 3.0), (2, 2.0), (3, 1.0)]
    assert pairs(two.train) == [(1, 3.0), (2, 2.0), (3, 0.5)]
    assert pairs(one.val) == [(3, 1.5)]
    assert [curve.name for curve in read_curves(tmp_path / "logs" / "one")] == ["one"]
    [file_alone] = read_curves(next((tmp_path / "logs" / "one" / "tensorboard").iterdir()))
    assert pairs(file_alone.val) == [(3, 1.5)]


@pytest.mark.parametrize(
    ("text", "train", "val"),
    [
        ("iter,train loss,val_loss\n0,3.0,\n10,2.0,2.5\n", [(0, 3.0), (10, 2.0)], [(10, 2.5)]),
        ("Wall time,Step,Value\n1.5,20,2.0\n1.4,10,3.0\n", [(10, 3.0), (20, 2.0)], []),
        ("step,eval/loss\n5,1.0\n5,0.5\n", [], [(5, 0.5)]),
        ("step,loss,acc\n1,nan,1\n2,2.0,1\n", [(2, 2.0)], []),
    ],
)
def test_a_csv_gives_its_losses(
    tmp_path: Path, text: str, train: list[tuple[int, float]], val: list[tuple[int, float]]
) -> None:
    (tmp_path / "other.csv").write_text(text)
    [curve] = read_curves(tmp_path / "other.csv")
    assert curve.name == "other"
    assert (pairs(curve.train), pairs(curve.val)) == (train, val)


def test_a_column_of_runs_parts_them(tmp_path: Path) -> None:
    (tmp_path / "runs.csv").write_text("run,step,train_loss\na,1,3.0\nb,1,2.0\na,2,1.0\n")
    found = {curve.name: pairs(curve.train) for curve in read_curves(tmp_path / "runs.csv")}
    assert found == {"a": [(1, 3.0), (2, 1.0)], "b": [(1, 2.0)]}


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("none.csv", None, "There is no file or folder|Cannot read"),
        ("a.csv", "epoch,loss\n1,2\n", "no column of steps .* It has: epoch, loss"),
        ("a.csv", "step,accuracy\n1,2\n", "no figure that is called a loss. It has: accuracy"),
        ("a.csv", "step,loss\nx,2\n", "row 1: the step is no number of steps"),
        ("a.csv", "step,loss\n1,2\n1e300,2\n", "row 2: the step is no number of steps"),
        ("a.csv", "step,loss\n", "has no rows"),
        ("a.bin", "anything at all, really", "no event file of TensorBoard"),
        ("folder", "", "has no event files of TensorBoard"),
    ],
)
def test_what_is_missing_is_named(
    tmp_path: Path, name: str, text: str | None, sentence: str
) -> None:
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif text is not None:
        path.write_text(text)
    with pytest.raises(ValueError, match=sentence):
        read_curves(path)
