"""The wheel, installed where nothing but what it asks for is: the main job is done without extras.

The environment holds the packages that the wheel requires, those that they require, and no other,
so a dependency that is not declared is missing here, and each command that wants an extra must say
which.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.e2e.terminal import Terminal

pytestmark = pytest.mark.peer
ROOT = Path(__file__).parent.parent.parent
NO_PYTHON = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(ROOT, "wheel", tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The installed program in an environment of its own."""
    venv = tmp_path_factory.mktemp("installed") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", str(venv))
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"]
    run(*pip, "--no-deps", "--no-index", "--no-compile", str(wheel))
    packages = sysconfig.get_path("purelib", vars={"base": str(venv)})
    lend_requirements(Path(packages))
    return venv / "bin" / "minigpt-tui"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a folder beside it to work in, outside of the checkout."""
    (tmp_path_factory.mktemp("place") / "work").mkdir()
    return tmp_path_factory.mktemp("home")


@pytest.fixture
def trained(program: Path, home: Path) -> Path:
    """The data folder with a small run on the text that the wheel brings along."""
    if not (home / "runs" / "first").exists():
        words = ["--level", "bpe", "--vocab-size", "300", "--steps", "8", "--threads", "1"]
        answered(program, home, "train", "--preset", "tiny", *words, "--run", "first")
        assert (home / "runs" / "first" / "best_model.pt").is_file()
    return home


def build(source: Path, target: str, folder: Path) -> Path:
    """The only file that hatchling builds of a source tree."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", target]
    run(*command, "--directory", str(folder), cwd=source)
    (built,) = folder.iterdir()
    return built


def run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd)
    assert done.returncode == 0, done.stdout + done.stderr


def lend_requirements(packages: Path) -> None:
    """Links there what the installed wheel requires without extras, and what that requires."""
    [info] = packages.glob("minigpt_tui-*.dist-info/METADATA")
    wanted = re.findall(r"^Requires-Dist: (.*)$", info.read_text(encoding="utf-8"), re.MULTILINE)
    lent = set()
    while wanted:
        required = Requirement(wanted.pop())
        if required.name in lent or not holds(required):
            continue
        lent.add(required.name)
        package = distribution(required.name)
        for name in {file.parts[0] for file in package.files or () if file.parts[0] != ".."}:
            if name not in ("__pycache__", "bin") and not (packages / name).exists():
                (packages / name).symlink_to(Path(str(package.locate_file(name))))
        wanted += package.requires or ()


def holds(required: Requirement) -> bool:
    """Whether a requirement is one here, and of no extra."""
    return required.marker is None or required.marker.evaluate({"extra": ""})


def asked(program: Path, home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """One command, run outside of the checkout."""
    environment = {name: value for name, value in os.environ.items() if name not in NO_PYTHON}
    return subprocess.run(
        [program, *words],
        capture_output=True,
        text=True,
        cwd=home,
        env={**environment, "MINIGPT_TUI_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"},
    )


def answered(program: Path, home: Path, *words: str) -> str:
    done = asked(program, home, *words)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def contents(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def test_the_wheel_holds_every_file_of_the_package(wheel: Path) -> None:
    held = contents(wheel)
    package = ROOT / "minigpt_tui"
    needed = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file() and path.suffix != ".pyc"
    }
    needed |= {f"minigpt_tui/sample_data/{path.name}" for path in (ROOT / "sample_data").iterdir()}
    assert needed <= held.keys()
    assert "minigpt_tui/py.typed" in needed, "type checkers look for it"
    assert {name.rpartition(".")[2] for name in needed} >= {"yaml", "tcss", "html", "txt"}
    [info] = {name.partition("/")[0] for name in held} - {"minigpt_tui"}
    assert f"{info}/licenses/LICENSE" in held, "nothing else is installed beside the package"


def test_the_source_distribution_builds_the_same_wheel(wheel: Path, tmp_path: Path) -> None:
    (tmp_path / "sdist").mkdir()
    source = build(ROOT, "sdist", tmp_path / "sdist")
    with tarfile.open(source) as packed:
        packed.extractall(tmp_path / "source", filter="data")
    [tree] = (tmp_path / "source").iterdir()
    (tmp_path / "wheel").mkdir()
    again = build(tree, "wheel", tmp_path / "wheel")
    assert again.name == wheel.name
    assert contents(again) == contents(wheel)
    assert (tree / "tests" / "e2e" / "test_wheel.py").is_file()


def test_what_runs_comes_from_the_wheel(program: Path, home: Path) -> None:
    code = "import minigpt_tui as it; print(it.__file__, it.__version__, sep='\\n')"
    python = program.with_name("python")
    done = subprocess.run([python, "-P", "-c", code], capture_output=True, text=True, cwd=home)
    file, version = done.stdout.splitlines()
    assert Path(file).is_relative_to(program.parent.parent)
    assert answered(program, home, "--version") == f"minigpt-tui {version}\n"
    assert "exit codes:" in answered(program, home, "--help")


def test_the_main_job_is_done_without_extras(program: Path, trained: Path) -> None:
    said = json.loads(answered(program, trained, "predict", "I eat", "--json"))
    assert said["next_tokens"]
    words = ["generate", "I eat", "--max-new-tokens", "5", "--seed", "1", "--json"]
    assert json.loads(answered(program, trained, *words))["text"]
    assert json.loads(answered(program, trained, "eval", "--json"))["val_loss"] > 0
    [run] = json.loads(answered(program, trained, "runs", "--json"))
    assert run["name"] == "first"


def test_the_workbench_opens_and_knows_the_run(program: Path, trained: Path) -> None:
    with Terminal(trained, program=program) as terminal:
        terminal.wait_for("sample_corpus")
        terminal.press("f6")
        terminal.wait_for("first")
        terminal.press("ctrl+q")
        assert terminal.wait_for_exit() == 0


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("serve", ["serve"]),
        ("web", ["web"]),
        ("hf", ["export", "first", "--to", "hf"]),
        ("hf", ["import", "model.safetensors"]),
        ("gguf", ["export", "first", "--to", "gguf"]),
        ("parquet", ["train", "--corpus", "rows.parquet", "--steps", "1"]),
        ("wandb", ["train", "--preset", "tiny", "--log", "wandb"]),
    ],
)
def test_a_command_without_its_extra_names_it(
    extra: str, words: list[str], program: Path, trained: Path
) -> None:
    (trained / "rows.parquet").write_bytes(b"PAR1")
    (trained / "model.safetensors").write_bytes(b"")
    done = asked(program, trained, *words)
    assert done.returncode == 2, done.stdout
    assert f"minigpt-tui[{extra}]" in done.stderr
    assert "Traceback" not in done.stderr
