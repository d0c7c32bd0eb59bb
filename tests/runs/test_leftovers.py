"""What a killed process left unfinished goes at the next start; what a living one writes stays."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.leftovers import remove_leftovers
from minigpt_tui.temporary_files import temporary_beside

pytestmark = pytest.mark.skipif(os.name == "nt", reason="asks whether a process lives")

UNFINISHED = (
    "import sys; from pathlib import Path\n"
    "from minigpt_tui.temporary_files import temporary_beside\n"
    "for name in sys.argv[1:]: temporary_beside(Path(name)).write_bytes(b'half')\n"
)


def test_the_unfinished_files_of_the_dead_are_removed_everywhere(data: DataFolder) -> None:
    run = data.runs / "r"
    vocabulary = data.vocabularies / "v"
    for folder in (run, vocabulary, data.root / "cache" / "references"):
        folder.mkdir(parents=True)
    targets = [data.settings, data.corpora / "t.txt", run / "best_model.pt", run]
    targets += [vocabulary / "tokenizer.json", data.tokens / "x.tokens"]
    targets += [data.root / "cache" / "references" / "r.json"]
    subprocess.run([sys.executable, "-c", UNFINISHED, *map(str, targets)], check=True)
    assert len(list(data.root.rglob(".*.tmp"))) == len(targets)
    mine = temporary_beside(run / "status.json")
    mine.write_bytes(b"")
    (data.corpora / "kept.tmp").write_bytes(b"")
    remove_leftovers(data)
    assert list(data.root.rglob("*.tmp")) == [data.corpora / "kept.tmp", mine]


def test_a_link_to_another_folder_is_not_swept(data: DataFolder, tmp_path: object) -> None:
    elsewhere = data.root.parent / "elsewhere"
    elsewhere.mkdir()
    subprocess.run([sys.executable, "-c", UNFINISHED, str(elsewhere / "x")], check=True)
    (data.runs / "linked").symlink_to(elsewhere)
    remove_leftovers(data)
    assert len(list(elsewhere.iterdir())) == 1
