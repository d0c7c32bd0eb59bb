"""What the command line repeats of its arguments, and what settings it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from minigpt_tui.cli import main
from minigpt_tui.config_files import load_yaml
from minigpt_tui.settings import check_setting

ESCAPE = "\x1b]0;title\x07\u202e"


@pytest.mark.parametrize(
    "arguments",
    [
        ["runs", "verify", "a", ESCAPE],
        ["runs", ESCAPE],
        [ESCAPE],
        ["runs", "verify", ESCAPE],
        ["train", "--preset", ESCAPE],
        ["train", "--config", ESCAPE],
        ["train", "--resume", f"{ESCAPE}.pt"],
    ],
)
def test_a_complaint_cannot_act_on_the_terminal(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err
    assert ended.value.code == 2
    assert "error:" in said
    assert not set(said) & set(ESCAPE[:1] + "\x07\u202e")


@pytest.mark.parametrize("text", ["epochs: 0x" + "f" * 60_000, "epochs: 1" + ":1" * 30_000])
def test_a_number_without_end_is_refused_in_words(text: str, tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(text)
    with pytest.raises(ValueError, match="more digits than any setting has"):
        load_yaml(tmp_path / "c.yaml")
    with pytest.raises(ValueError, match="more digits"):
        check_setting("lr", 10**400)
