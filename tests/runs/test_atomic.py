"""A file is the old one or the new one, whatever happens in between."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from minigpt_tui.runs.atomic import sweep_temporaries, temporary_beside, write_atomic
from minigpt_tui.temporary_files import sweep_beside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "folder").mkdir()
    return tmp_path / "folder"


def test_a_file_is_written_and_replaced(folder: Path) -> None:
    path = folder / "file"
    write_atomic(path, b"one")
    write_atomic(path, bytearray(b"two"), durable=False)
    assert path.read_bytes() == b"two"
    assert os.listdir(folder) == ["file"]


def test_the_file_gets_the_usual_mode(folder: Path) -> None:
    (folder / "usual").write_bytes(b"")
    write_atomic(folder / "file", b"")
    assert (folder / "file").stat().st_mode == (folder / "usual").stat().st_mode


def test_a_file_that_fails_its_check_leaves_the_old_one(folder: Path) -> None:
    path = folder / "file"
    write_atomic(path, b"old")

    def refuse(temporary: Path) -> None:
        assert temporary.read_bytes() == b"new"
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        write_atomic(path, b"new", verify=refuse)
    assert path.read_bytes() == b"old"
    assert os.listdir(folder) == ["file"]


@pytest.mark.skipif(os.name == "nt", reason="needs a limit of file sizes")
def test_a_disk_that_fills_up_leaves_the_old_file_and_nothing_else(folder: Path) -> None:
    path = folder / "file"
    write_atomic(path, b"old")
    program = (
        "import resource, sys; from pathlib import Path\n"
        "from minigpt_tui.runs.atomic import write_atomic\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "try: write_atomic(Path(sys.argv[1]), bytes(10000))\n"
        "except OSError as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    assert done.stdout == "OSError\n"
    assert path.read_bytes() == b"old"
    assert os.listdir(folder) == ["file"]


def test_a_missing_folder_is_an_os_error(folder: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomic(folder / "nowhere" / "file", b"x")


def test_leftovers_are_swept_when_they_are_old(folder: Path) -> None:
    old, young = temporary_beside(folder / "a"), temporary_beside(folder / "b")
    deep = temporary_beside(folder / "c")
    old.write_bytes(b"")
    young.write_bytes(b"")
    deep.mkdir()
    (deep / "file").write_bytes(b"")
    for path in (old, deep):
        os.utime(path, (1, 1))
    for name in ("kept.tmp", ".kept", "kept"):
        (folder / name).write_bytes(b"")
        os.utime(folder / name, (1, 1))

    assert sweep_temporaries(folder) == sorted([old, deep])
    assert sorted(os.listdir(folder)) == sorted([young.name, "kept.tmp", ".kept", "kept"])


def test_beside_a_file_only_what_killed_writes_of_it_left_is_removed(folder: Path) -> None:
    target = folder / "model.gguf"
    code = "import sys; from minigpt_tui.temporary_files import temporary_beside as beside\n"
    code += "from pathlib import Path\n"
    code += "for name in sys.argv[1:]: beside(Path(name)).mkdir()"
    names = [str(target), str(folder / "model"), str(folder / "model.gguf.part")]
    subprocess.run([sys.executable, "-c", code, *names], check=True)  # and is gone
    mine = temporary_beside(target)
    mine.write_bytes(b"in progress")
    (folder / ".model.gguf.tmp").write_bytes(b"somebody else's")
    before = set(os.listdir(folder))
    (removed,) = sweep_beside(target)
    assert removed.name.startswith(".model.gguf.")
    assert removed.name.count(".") == 4
    assert before - set(os.listdir(folder)) == {removed.name}
