"""Metrics: appended record by record, read at any moment, whatever was torn."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from minigpt_tui.runs.metrics import EVALUATION, METRIC, RecordWriter, checksum, read_records


def _append(writer: RecordWriter, step: int, loss: float = 1.0) -> None:
    writer.append(
        step=step, epoch=step / 10, loss=loss, lr=1e-3, grad_norm=0.5, tokens=32, seconds=step * 2
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metrics.bin"


def test_records_come_back(path: Path) -> None:
    writer = RecordWriter(path, METRIC)
    for step in (1, 2, 3):
        _append(writer, step, loss=step / 2)
    writer.close()
    records = read_records(path, METRIC)
    assert records["step"].tolist() == [1, 2, 3]
    assert records["loss"].tolist() == [0.5, 1.0, 1.5]
    assert records["seconds"].tolist() == [2.0, 4.0, 6.0]


def test_a_reader_sees_a_record_as_soon_as_it_is_appended(path: Path) -> None:
    writer = RecordWriter(path, METRIC)
    for step in range(1, 4):
        _append(writer, step)
        assert len(read_records(path, METRIC)) == step
    writer.close()


def test_a_missing_or_new_file_has_no_records(path: Path) -> None:
    assert len(read_records(path, METRIC)) == 0
    RecordWriter(path, METRIC).close()
    records = read_records(path, METRIC)
    assert len(records) == 0
    assert records["loss"].tolist() == []


def test_losses_that_are_not_numbers_are_kept(path: Path) -> None:
    writer = RecordWriter(path, METRIC)
    for loss in (math.nan, math.inf, -math.inf, 1e300):
        _append(writer, 1, loss=loss)
    writer.close()
    losses = read_records(path, METRIC)["loss"].tolist()
    assert math.isnan(losses[0])
    assert losses[1:] == [math.inf, -math.inf, math.inf]


def test_records_go_on_where_they_ended(path: Path) -> None:
    for step in (1, 2):
        writer = RecordWriter(path, METRIC)
        _append(writer, step)
        writer.close()
    assert read_records(path, METRIC)["step"].tolist() == [1, 2]


def test_a_torn_file_keeps_its_whole_records_at_every_length(path: Path) -> None:
    writer = RecordWriter(path, METRIC)
    header = path.stat().st_size
    for step in (1, 2):
        _append(writer, step)
    writer.close()
    whole = path.read_bytes()
    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        kept = max(0, length - header) // METRIC.itemsize
        assert len(read_records(path, METRIC)) == kept
        writer = RecordWriter(path, METRIC)
        _append(writer, 9)
        writer.close()
        assert read_records(path, METRIC)["step"].tolist() == [*[1, 2][:kept], 9]


def test_another_file_is_an_error_and_stays(path: Path) -> None:
    for content in (b"something else, and long enough" * 20, b"x", b"MGPTREC\x02"):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"metrics\.bin"):
            read_records(path, METRIC)
        with pytest.raises(ValueError, match=r"metrics\.bin"):
            RecordWriter(path, METRIC)
        assert path.read_bytes() == content
    path.unlink()
    path.mkdir()
    with pytest.raises(ValueError, match="Cannot read"):
        read_records(path, METRIC)


def test_records_of_another_kind_are_an_error(path: Path) -> None:
    writer = RecordWriter(path, EVALUATION)
    writer.append(step=1, epoch=1, val_loss=2.0, bits_per_char=2.9, bits_per_byte=2.8, best=1)
    writer.close()
    assert read_records(path, EVALUATION)["best"].tolist() == [1]
    with pytest.raises(ValueError, match="this version"):
        read_records(path, METRIC)


@settings(deadline=None, max_examples=30)
@given(steps=st.integers(0, 30), kept=st.integers(-1, 40))
def test_a_resume_forgets_what_came_after_its_step(
    tmp_path_factory: pytest.TempPathFactory, steps: int, kept: int
) -> None:
    path = tmp_path_factory.mktemp("metrics") / "m.bin"
    writer = RecordWriter(path, METRIC)
    for step in range(1, steps + 1):
        _append(writer, step)
    writer.truncate_after(kept)
    _append(writer, 99)
    writer.close()
    expected = [*range(1, min(steps, max(kept, 0)) + 1), 99]
    assert read_records(path, METRIC)["step"].tolist() == expected
    assert os.listdir(path.parent) == [path.name]


def test_without_its_folder_nothing_is_forgotten(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "run", tmp_path / "elsewhere"
    folder.mkdir()
    writer = RecordWriter(folder / "m.bin", METRIC)
    for step in (1, 2, 3):
        _append(writer, step)
    folder.rename(elsewhere)
    for _ in range(2):
        with pytest.raises(FileNotFoundError):
            writer.truncate_after(1)
    elsewhere.rename(folder)
    writer.truncate_after(1)
    _append(writer, 2)
    assert read_records(folder / "m.bin", METRIC)["step"].tolist() == [1, 2]
    assert writer.checksum == checksum(folder / "m.bin", METRIC, 2)
    writer.close()


def test_a_reader_keeps_its_records_through_a_resume(path: Path) -> None:
    writer = RecordWriter(path, METRIC)
    for step in range(1, 2001):
        _append(writer, step)
    records = read_records(path, METRIC)
    writer.truncate_after(1)
    assert int(records["step"].sum()) == 2000 * 2001 // 2  # a cut file would kill the process here
    assert len(read_records(path, METRIC)) == 1
    writer.close()


def test_a_million_records_open_at_once(path: Path) -> None:
    RecordWriter(path, METRIC).close()
    many = np.zeros(1_000_000, METRIC)
    many["step"] = np.arange(1_000_000)
    with open(path, "ab") as file:
        many.tofile(file)
    start = time.perf_counter()
    records = read_records(path, METRIC)
    last = int(records["step"][-1])
    assert time.perf_counter() - start < 0.1
    assert last == 999_999
    assert not records.flags.writeable


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of file sizes")
def test_a_disk_that_fills_up_leaves_whole_records(path: Path) -> None:
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from minigpt_tui.runs.metrics import *\n"
        "writer = RecordWriter(Path(sys.argv[1]), METRIC)\n"
        "limit = Path(sys.argv[1]).stat().st_size + METRIC.itemsize * 2 + 7\n"
        "most = resource.getrlimit(resource.RLIMIT_FSIZE)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most[1]))\n"
        "for step in range(5):\n"
        "    rest = dict.fromkeys(METRIC.names[1:], 0)\n"
        "    if step == 4: resource.setrlimit(resource.RLIMIT_FSIZE, most)\n"
        "    try: writer.append(step=step, **rest)\n"
        "    except OSError: print('full', step)\n"
        "print(writer.checksum == checksum(Path(sys.argv[1]), METRIC, 3))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "full 2\nfull 3\nTrue\n"
    assert read_records(path, METRIC)["step"].tolist() == [0, 1, 4]


def test_a_record_needs_every_field(path: Path) -> None:
    writer = RecordWriter(path, METRIC)
    with pytest.raises(AssertionError):
        writer.append(step=1, loss=2.0)
    writer.close()
    writer.close()


def test_a_damaged_step_does_not_take_the_later_records_along(path: Path) -> None:
    writer = RecordWriter(path, METRIC)
    for step in range(1, 7):
        writer.append(**{**dict.fromkeys(METRIC.names or (), 0.0), "step": step})
    writer.close()
    raw = bytearray(path.read_bytes())
    third = len(raw) - 4 * METRIC.itemsize
    raw[third + 6] ^= 0x80
    path.write_bytes(raw)
    writer = RecordWriter(path, METRIC)
    writer.truncate_after(5)
    writer.close()
    assert read_records(path, METRIC)["step"][[0, 1, 3, 4]].tolist() == [1, 2, 4, 5]
