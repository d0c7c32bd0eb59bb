"""Tab completes commands, flags, their values, runs and presets, in the real shells."""

from __future__ import annotations

import contextlib
import os
import shutil
import sysconfig
import time
from pathlib import Path

import pexpect
import pytest

from minigpt_tui.cli import build_parser, main
from minigpt_tui.commands.completing import FILES, FOLDERS, complete
from minigpt_tui.commands.completion import SCRIPTS
from minigpt_tui.config_files import preset_names
from minigpt_tui.paths import DataFolder
from minigpt_tui.settings import settings

PATIENCE = 60.0
SHELLS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        'eval "$(minigpt-tui completion bash)"',
        """bind -x '"\\C-t": printf "%s\\n" "$READLINE_LINE" > line'""",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        'autoload -U compinit; compinit -D; eval "$(minigpt-tui completion zsh)"',
        "tell() { print -r -- $BUFFER > line }; zle -N tell; bindkey '^T' tell",
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        "minigpt-tui completion fish | source",
        "bind \\ct 'commandline > line'",
    ),
}
"""How a shell is started, how it learns our completion, and ctrl+t to have its line in a file."""


def values(*words: str) -> list[str]:
    return [candidate.value for candidate in complete(build_parser(), words)]


@pytest.fixture(autouse=True)
def runs(data: DataFolder) -> None:
    for name in ("pets", "poems", "zoo"):
        (data.runs / name).mkdir()


def test_commands_and_their_views():
    assert values("pre") == ["predict"]
    assert {"train", "doctor", "web"} <= set(values(""))
    assert values("inspect", "att") == ["attention", "attribution"]
    assert values("runs", "") == ["list", "verify"]
    assert values("runs", "verify", "p") == ["pets", "poems"]
    assert values("completion", "") == list(SCRIPTS)


def test_flags_that_can_still_be_given():
    assert "--optimizer" in values("train", "--")
    assert "--lr" in values("train", "--preset", "tiny", "")
    assert "--lr" not in values("train", "--lr", "1e-3", "--")
    assert "--checkpoint" not in values("predict", "--run", "pets", "--"), "one excludes the other"
    assert "--stop" in values("generate", "--stop", "a", "--"), "it may be given again"
    assert values("train", "--", "--") == [], "no flag comes after --"


def test_values_of_flags():
    assert values("train", "--preset", "") == preset_names()
    assert values("train", "--optimizer", "a") == ["adam", "adamw"]
    assert values("train", "--optimizer=a") == ["--optimizer=adam", "--optimizer=adamw"]
    assert values("train", "--optimizer", "=", "a") == ["adam", "adamw"], "as bash splits it"
    assert values("train", "--optim", "mu") == ["muon"], "an abbreviation, as argparse takes it"
    assert values("train", "--lr", "") == []
    assert values("inspect", "ablate", "--how", "") == ["mean", "zero"]
    assert values("--data-dir", "") == [FOLDERS.value]
    assert values("train", "--config", "x") == [FILES.value]
    assert "sample_corpus" in values("train", "--corpus", "stories", "")
    assert FILES.value in values("train", "--corpus", "")
    assert values("sweep", "--grid", "lr=1,2", "d_m") == ["d_model="]
    assert values("config", "explain", "lr") == ["lr"]
    assert values("config", "explain", "on_") == ["on_hangup"]
    assert set(settings()) < set(values("config", "explain", ""))


def test_runs_where_a_run_is_asked_for(tmp_path):
    assert values("predict", "--run", "p") == ["pets", "poems"]
    assert values("train", "--resume", "p") == ["pets", "poems", FILES.value]
    assert values("train", "--run", "p") == [], "the new run has no name yet"
    other = tmp_path / "other"
    (other / "runs" / "far").mkdir(parents=True)
    assert values("--data-dir", str(other), "predict", "--run", "") == ["far"]
    assert values("predict", f"--data-dir={other}", "--run", "") == ["far"]
    assert values("--data-dir", str(tmp_path / "nowhere"), "predict", "--run", "") == []


def test_nonsense_is_answered_with_nothing(data):
    for words in (["frobnicate", ""], ["train", "--nope", ""], ["predict", "x", "y", "z"], []):
        values(*words)
    (data.runs / "bad\nname").mkdir()
    assert "bad\nname" not in values("predict", "--run", "")


def test_a_question_is_answered_line_by_line(capsys):
    with pytest.raises(SystemExit) as left:
        main(["__complete", "completion", ""])
    assert left.value.code == 0
    assert capsys.readouterr().out == "bash\nzsh\nfish\n"
    with pytest.raises(SystemExit):
        main(["__complete", "doc"])
    assert capsys.readouterr().out.startswith("doctor\tlook at ")
    assert "__complete" not in build_parser().format_help()


@pytest.mark.parametrize("shell", list(SCRIPTS))
def test_the_shell_completes(shell, data, tmp_path):
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    (tmp_path / "settings of mine.yaml").write_text("")
    typed = Shell(shell, tmp_path)
    assert typed.completed("minigpt-tui predict --run pe") == "minigpt-tui predict --run pets "
    assert typed.completed("minigpt-tui train --optim") == "minigpt-tui train --optimizer "
    assert typed.completed("minigpt-tui train --schedule=ws") == "minigpt-tui train --schedule=wsd "
    assert typed.completed("minigpt-tui sweep --grid layou") == "minigpt-tui sweep --grid layout="
    file = typed.completed("minigpt-tui train --config sett")
    assert file == "minigpt-tui train --config settings\\ of\\ mine.yaml "
    typed.end()


class Shell:
    """A shell on a pseudo-terminal, which tells what stands on its command line."""

    def __init__(self, name: str, folder: Path) -> None:
        command, learn, tell = SHELLS[name]
        path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
        environment = {**os.environ, "PATH": path, "TERM": "xterm", "LANG": "C.UTF-8"}
        self.file = folder / "line"
        self.process = pexpect.spawn(
            command[0], command[1:], cwd=str(folder), env=environment, dimensions=(40, 200)
        )
        for line in (learn, tell, f"echo ready > {self.file.name}"):
            self.process.sendline(line)
        assert self._told() == "ready"

    def completed(self, line: str) -> str:
        """The command line after Tab."""
        self.process.send(f"{line}\t\x14")
        told = self._told()
        self.process.send("\x05\x15")  # to its end, and all of it away
        return told

    def end(self) -> None:
        self.process.close(force=True)

    def _told(self) -> str:
        deadline = time.monotonic() + PATIENCE
        while not (self.file.exists() and self.file.read_text().endswith("\n")):
            with contextlib.suppress(pexpect.TIMEOUT):
                self.process.read_nonblocking(65536, timeout=0.05)
            assert time.monotonic() < deadline, self.process.before
        told = self.file.read_text().removesuffix("\n")
        self.file.unlink()
        return told
