"""What is written for TensorBoard is what TensorBoard reads, and the other way round."""

from __future__ import annotations

import math
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.interop.tensorboard_files import EventFile, read_scalars


def only_file(folder: Path) -> Path:
    [path] = folder.iterdir()
    return path


figures = st.lists(
    st.tuples(st.integers(0, 2**62), st.text(max_size=20).filter(bool), st.floats(width=32)),
    max_size=20,
)


@given(figures)
@settings(deadline=None, max_examples=30)
def test_figures_come_back(figures: list[tuple[int, str, float]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        file = EventFile(Path(name) / "events")
        for step, tag, value in figures:
            file.scalars(step, {tag: value})
            file.text(step, tag, "a text is no figure")
        file.close()
        found = list(read_scalars(only_file(Path(name) / "events")))
    expected = [(step, tag, struct.pack("<f", value)) for step, tag, value in figures]
    assert [(step, tag, struct.pack("<f", value)) for step, tag, value in found] == expected


def test_a_figure_beyond_float32_is_infinite(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "events")
    file.scalars(1, {"loss": 1e300, "other": -1e300})
    file.close()
    found = [value for _, _, value in read_scalars(only_file(tmp_path / "events"))]
    assert found == [math.inf, -math.inf]


def test_a_torn_end_is_left_out_and_damage_is_named(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "events")
    for step in range(5):
        file.scalars(step, {"loss": 1.0})
    file.close()
    path = only_file(tmp_path / "events")
    raw = path.read_bytes()
    path.write_bytes(raw[:-3])
    assert [step for step, _, _ in read_scalars(path)] == [0, 1, 2, 3]
    path.write_bytes(raw[:-6] + b"\xff" + raw[-5:])
    with pytest.raises(ValueError, match="is damaged"):
        list(read_scalars(path))
    path.write_bytes(b"plain words and more of them")
    with pytest.raises(ValueError, match="no event file of TensorBoard"):
        list(read_scalars(path))


@pytest.mark.peer
def test_tensorboard_reads_figures_texts_and_restarts(tmp_path: Path) -> None:
    folder = tmp_path / "events"
    accumulator = pytest.importorskip(
        "tensorboard.backend.event_processing.event_accumulator"
    ).EventAccumulator
    first = EventFile(folder)
    for step in range(1, 11):
        first.scalars(step, {"train/loss": 5.0 - step / 4, "train/lr": 1e-3})
    first.text(10, "sample", "I eat 日本\n```")
    first.close()
    second = EventFile(folder, first_step=6)  # the process was killed after a checkpoint at 5
    for step in range(6, 9):
        second.scalars(step, {"train/loss": 1.0})
    second.close()
    read = accumulator(str(folder))
    read.Reload()
    assert sorted(read.Tags()["scalars"]) == ["train/loss", "train/lr"]
    expected = [(step, 5.0 - step / 4) for step in range(1, 6)] + [(6, 1.0), (7, 1.0), (8, 1.0)]
    assert [(event.step, event.value) for event in read.Scalars("train/loss")] == expected
    only = accumulator(str(min(folder.iterdir())))
    only.Reload()
    [text] = only.Tensors("sample")
    assert list(text.tensor_proto.string_val) == ["I eat 日本\n```".encode()]


@pytest.mark.peer
def test_figures_that_torch_writes_are_read(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from torch.utils.tensorboard import SummaryWriter

    with SummaryWriter(str(tmp_path / "events")) as writer:  # type: ignore[no-untyped-call]
        for step in range(3):
            writer.add_scalar("loss", 2.5 + step, step)  # type: ignore[no-untyped-call]
            writer.add_scalar("new", 0.5, step, new_style=True)  # type: ignore[no-untyped-call]
    found = list(read_scalars(only_file(tmp_path / "events")))
    assert [(s, v) for s, tag, v in found if tag == "loss"] == [(0, 2.5), (1, 3.5), (2, 4.5)]
    assert [(s, v) for s, tag, v in found if tag == "new"] == [(0, 0.5), (1, 0.5), (2, 0.5)]
