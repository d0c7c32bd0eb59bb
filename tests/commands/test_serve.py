"""`minigpt-tui serve` from the command line: what it prints, what it refuses, how it ends."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.request

import pytest

from minigpt_tui.cli import main
from minigpt_tui.paths import DataFolder
from tests.tui.predict.asking import trained_run


def _error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["serve", *arguments])
    assert left.value.code == 2
    return capsys.readouterr().err


def test_the_newest_run_is_loaded_served_and_left_in_good_order(data: DataFolder) -> None:
    trained_run(data, "pets")
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "minigpt_tui", "serve", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(4)]
    assert lines[0].startswith("Loading trained model from: ")
    assert lines[0].rstrip().endswith("best_model.pt")
    assert lines[1].startswith("✓ Loaded checkpoint (epoch 1, loss: 1.25")
    assert lines[2].startswith("✓ Vocabulary size: ")
    found = re.search(r"http://127\.0\.0\.1:\d+/v1", lines[3])
    assert found, lines[3]
    with urllib.request.urlopen(f"{found[0]}/models", timeout=60) as answer:
        assert json.load(answer)["data"][0]["id"] == "pets"
    process.send_signal(signal.SIGINT)
    _, error = process.communicate(timeout=60)
    assert "Traceback" not in error
    assert process.returncode in (0, 130)


def test_without_a_model_it_is_said(data: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    assert "Train one first" in _error(capsys)
    assert "nowhere" in _error(capsys, "--run", "nowhere")


def test_the_network_is_not_let_in_without_a_key(
    data: DataFolder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MINIGPT_TUI_API_KEY", raising=False)
    assert "Set a key" in _error(capsys, "--host", "0.0.0.0")


def test_a_port_that_is_taken_is_said(data: DataFolder, capsys: pytest.CaptureFixture[str]) -> None:
    trained_run(data, "pets")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "taken" in _error(capsys, "--port", str(taken.getsockname()[1]))
    assert "port" in _error(capsys, "--port", "99999")
