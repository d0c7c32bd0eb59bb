"""What `web` refuses before it serves; `tests/e2e/test_web.py` has the rest."""

from __future__ import annotations

import socket
import sys

import pytest

from minigpt_tui.cli import main


def error(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    with pytest.raises(SystemExit) as left:
        main(["web", *arguments])
    assert left.value.code == 2
    return capsys.readouterr().err


def test_without_the_extra_it_is_named(capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "minigpt_tui.web.server", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve.server", None)
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    assert "pip install 'minigpt-tui[web]'" in error(capsys)


def test_a_port_that_is_taken_is_said(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        assert "taken" in error(capsys, "--port", str(taken.getsockname()[1]))
    assert "from 0 to 65535" in error(capsys, "--port", "99999")


def test_a_data_folder_that_cannot_be_made_is_said(capsys, tmp_path):
    (tmp_path / "file").write_text("")
    assert "Cannot create the data folder" in error(capsys, "--data-dir", str(tmp_path / "file"))
