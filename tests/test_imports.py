"""What must stay light: the command line without torch and textual, the screen without torch."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("torch", "textual", "numpy", "plotext", "tokenizers", "yaml", "rich")


def modules_after(code: str) -> set[str]:
    script = f"{code}\nimport sys; print(' '.join(m for m in sys.modules if '.' not in m))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(done.stdout.splitlines()[-1].split())


def test_the_command_line_loads_nothing_heavy():
    assert modules_after("import minigpt_tui.cli").isdisjoint(HEAVY)


def test_help_loads_nothing_heavy():
    code = "import minigpt_tui.cli\ntry: minigpt_tui.cli.main(['train', '--help'])\n"
    assert modules_after(code + "except SystemExit: pass").isdisjoint(HEAVY)


@pytest.mark.parametrize("heavy", ["torch", "plotext", "numpy", "tokenizers"])
def test_the_screen_loads_no(heavy):
    assert heavy not in modules_after("import minigpt_tui.tui.app")


def test_no_part_of_the_screen_loads_torch_before_it_is_used():
    """Every module of `tui/`, not only those that the app imports at its start."""
    code = (
        "import importlib, pkgutil, minigpt_tui.tui as tui\n"
        "for part in pkgutil.walk_packages(tui.__path__, 'minigpt_tui.tui.'):\n"
        "    importlib.import_module(part.name)"
    )
    assert "torch" not in modules_after(code)


@pytest.mark.parametrize("room", ["planning.memory", "text.corpus", "runs.folder", "runs.metrics"])
def test_rooms_below_the_model_load_no_torch(room):
    assert "torch" not in modules_after(f"import minigpt_tui.{room}")
