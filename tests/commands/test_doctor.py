"""`doctor` looks at everything, says what to do, and survives whatever is broken."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import threading

import pytest

from minigpt_tui.cli import main
from minigpt_tui.commands.checkup import machine, software, storage, terminal
from minigpt_tui.commands.checkup.finding import Finding, found_by
from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import create_run
from minigpt_tui.runs.status import Status, write_status


@pytest.fixture(autouse=True)
def short_probe(monkeypatch: pytest.MonkeyPatch) -> None:
    """The arithmetic is measured for a moment only."""
    monkeypatch.setattr(machine, "PROBE_SECONDS", 0.02)


def of_storage(data: DataFolder) -> dict[str, Finding]:
    return {finding.subject: finding for finding in storage.storage(data, "a test")}


def test_every_subject_is_in_the_json(capsys, data):
    with pytest.raises(SystemExit) as left:
        main(["doctor", "--json"])
    findings = json.loads(capsys.readouterr().out)
    subjects = {finding["subject"] for finding in findings}
    assert {"Python", "torch", "textual", "extra serve", "C++ compiler", "TERM"} <= subjects
    assert {"encoding", "data folder", "disk", "memory", "device", "precision"} <= subjects
    precision = next(f for f in findings if f["subject"] == "precision")
    assert "fp32" in precision["found"]
    assert "GFLOP/s" in precision["found"]
    worrying = [finding for finding in findings if not finding["ok"]]
    assert all(finding["advice"] for finding in worrying)
    assert left.value.code == (1 if worrying else 0)


def test_a_report_fits_into_80_columns(capsys):
    with pytest.raises(SystemExit):
        main(["doctor"])
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(("ok ", "!  ", "   ")) for line in lines[:-2])
    assert max(map(len, lines)) <= 80


def test_a_look_that_fails_is_a_finding_and_no_traceback():
    def look():
        yield Finding("one", "fine")
        raise RuntimeError("no such\nlibrary")

    first, second = found_by("machine", look)
    assert first.ok
    assert second.subject == "machine"
    assert "RuntimeError: no such library" in second.found
    assert second.advice


def test_a_broken_torch_is_reported(data, tmp_path):
    (tmp_path / "torch.py").write_text("raise ImportError('libtorch.so: cannot open')")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "minigpt_tui", "doctor"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 1
    assert "libtorch.so: cannot open" in " ".join(done.stdout.split())
    assert "Traceback" not in done.stdout + done.stderr


def test_an_old_or_absent_package_is_named_with_what_to_type():
    assert software.required("torch", ">=2.10").ok
    old = software.required("torch", ">=900.1,<901")
    assert "900.1" in old.found
    assert "pip install 'torch>=900.1,<901'" in old.advice
    assert software.required("no-such-package-here", ">=1").found == "not installed"
    absent = software.optional("music", [("no-such-package-here", ">=1")])
    assert absent.ok, "an extra may be absent"
    assert "pip install 'minigpt-tui[music]'" in absent.found


@pytest.mark.parametrize(
    ("version", "bounds", "fits"),
    [
        ("2.13.0+cpu", ">=2.10", True),
        ("2.9.1", ">=2.10", False),
        ("2.10", ">=2.10.0", True),
        ("9.0.0", "<9,>=8.2", False),
        ("8.2.8", "<9,>=8.2", True),
        ("1.0", "", True),
    ],
)
def test_versions_are_compared_number_by_number(version, bounds, fits):
    assert software.within(version, bounds) is fits


def test_a_folder_that_works_is_fine_and_left_as_it_was(data):
    before = sorted(data.root.rglob("*"))
    found = of_storage(data)
    assert all(finding.ok for finding in found.values())
    assert "can be written and locked" in found["data folder"].found
    assert sorted(data.root.rglob("*")) == before


def test_a_folder_that_is_not_there_is_not_made(tmp_path):
    found = of_storage(DataFolder(tmp_path / "one" / "two"))
    assert found["data folder"].ok
    assert "first use" in found["data folder"].found
    assert not (tmp_path / "one").exists()


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    found = of_storage(DataFolder(tmp_path / "file"))
    assert "no folder" in found["data folder"].advice
    assert "--data-dir" in found["data folder"].advice


def test_little_room_wants_attention(data, monkeypatch):
    monkeypatch.setattr(storage, "LITTLE_ROOM", 10**18)
    assert "Make room" in of_storage(data)["disk"].advice


def test_broken_settings_and_keys_want_attention(data):
    data.settings.write_text("keys: {train.start: nokey}\n")
    assert "is not a key" in of_storage(data)["settings.yaml"].advice
    data.settings.write_text("theme: [\n")
    assert "no YAML" in of_storage(data)["settings.yaml"].advice


def test_an_interrupted_run_can_be_gone_on_with(data):
    run = create_run(data, "pets", RunConfig())
    write_status(run, Status("training", step=3, total_steps=9, pid=2**22 + 1))
    assert "train --resume pets" in of_storage(data)["run"].advice


@pytest.mark.parametrize("name", ["", "dumb", "unknown"])
def test_a_terminal_that_cannot_draw_is_said(name):
    assert terminal.kind({"TERM": name}).advice
    assert terminal.kind({"TERM": "xterm-256color", "TERM_PROGRAM": "\x1b[2Jx"}).ok
    assert "\x1b" not in terminal.kind({"TERM": "\x1b[2J"}).found


def test_another_encoding_is_said_with_what_chose_it():
    assert terminal.encoding("UTF-8", {}).ok
    worrying = terminal.encoding("iso-8859-1", {"LANG": "de_DE.ISO-8859-1"})
    assert "LANG=de_DE.ISO-8859-1" in worrying.found
    assert "UTF-8" in worrying.advice


def test_what_stands_between_is_named():
    found = list(terminal.between({"TMUX": "/tmp/x", "SSH_TTY": "/dev/pts/1"}))
    assert ["tmux" in found[0].found, "SSH" in found[1].found] == [True, True]
    assert list(terminal.between({})) == []


@pytest.mark.parametrize(
    ("reply", "understood"),
    [(b"\x1b[?0u\x1b[?62;4c", b"?0u"), (b"\x1b[?62;4c", b"c"), (b"", None)],
    ids=["kitty", "classic", "silent"],
)
def test_the_terminal_is_asked_for_its_keys(reply, understood):
    parent, child = pty.openpty()

    def answer() -> None:
        question = b""
        while not question.endswith(terminal.ASK_WHAT_IT_IS):
            question += os.read(parent, 64)
        os.write(parent, reply)

    emulator = threading.Thread(target=answer, daemon=True)
    emulator.start()
    given = terminal.ask(child, child)
    emulator.join(5)
    for descriptor in (parent, child):
        os.close(descriptor)
    assert (given is None) if understood is None else (given is not None and understood in given)
