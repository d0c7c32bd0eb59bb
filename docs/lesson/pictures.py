"""Makes the lesson's pictures and figures: `python -m docs.lesson.pictures --data-dir DIR`.

Types the commands of the pages in their order, in an empty folder; writes what they print into
`figures.json`; then opens the workbench on the runs that they made and saves the screens as SVG.
`--only pictures` takes the runs that an earlier call has left in DIR. Seeds are fixed: another
machine may differ in the last digits. Takes some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import sysconfig
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from docs.lesson.pages import FIGURES, FOLDER, PAGES, Command, commands, words_of
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.tui.app import Workbench
from minigpt_tui.tui.remembered import Remembered, save_remembered

SIZE = (104, 28)
PATIENCE = 120.0  # seconds until a screen is complete


@dataclass(frozen=True)
class Shot:
    """A screen: the pane, the run that it shows, what the workbench remembers, keys to press."""

    pane: str
    shows: str
    """Stands on the screen once it is complete."""
    run: str = ""
    remembered: Mapping[str, Any] = field(default_factory=dict)
    keys: tuple[str, ...] = ()
    overlays: tuple[str, ...] = ()


SHOTS = {
    "noise": Shot(
        "predict",
        "unexplored",
        "noise",
        {"prompt": "Once", "sampler": '{"length": 100}'},
        keys=("f7",),
    ),
    "loss": Shot("train", "best", "letters", keys=("f9",)),
    "tokens": Shot("corpus", "one epoch", remembered={"corpus": "stories", "level": "bpe"}),
    "embeddings": Shot(
        "inspect",
        "Most like",
        "letters",
        {"inspect_view": "neighbours", "prompt": "The dog ran home."},
    ),
    "attention": Shot(
        "inspect",
        "Layer 0, head 1",
        "letters",
        {"inspect_view": "attention", "prompt": "The dog sat"},
        keys=("enter", "up", "left", "right"),
    ),
    "echoes": Shot("train", "best", "echoes", keys=("f9",)),
    "induction": Shot(
        "inspect", "Layer 1", "echoes", {"inspect_view": "attention", "prompt": "nokiamnoki"}
    ),
    "sampling": Shot(
        "predict",
        "top-p",
        "letters",
        {"prompt": "The dog", "sampler": '{"temperature": 0.8, "top_p": 0.9}'},
    ),
    "overfitting": Shot("train", "best", "memory", keys=("f9",)),
    "scaling": Shot("train", "best", "letters", keys=("f9",), overlays=("small", "middle")),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--data-dir", required=True, type=Path, metavar="DIR")
    parser.add_argument("--only", choices=("figures", "pictures"))
    arguments = parser.parse_args()
    home, work = arguments.data_dir.resolve() / "home", arguments.data_dir.resolve() / "work"
    work.mkdir(parents=True, exist_ok=True)
    if arguments.only != "pictures":
        printed = {c.text: _type(c, home, work) for page in PAGES for c in commands(page)}
        FIGURES.write_text(json.dumps(printed, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if arguments.only != "figures":
        for name, shot in SHOTS.items():
            asyncio.run(_take(shot, DataFolder(home).ready(), FOLDER / f"{name}.svg"))


def _type(command: Command, home: Path, work: Path) -> list[str]:
    """The lines that a command prints; the folder of this machine is left out of them."""
    print(command.text, flush=True)
    program = [sys.executable, "-c"] if command.language == "python" else ["bash", "-euc"]
    path = os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]])
    done = subprocess.run(
        [*program, command.text],
        cwd=work,
        env={**os.environ, "PATH": path, "MINIGPT_TUI_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        sys.exit(f"{command.text}\nended with {done.returncode}:\n{done.stdout}")
    return [line.rstrip() for line in done.stdout.replace(str(home), "…").splitlines()]


async def _take(shot: Shot, data: DataFolder, target: Path) -> None:
    save_remembered(Remembered(pane=shot.pane, **shot.remembered), data)
    app = Workbench(data)
    app.animation_level = "none"
    if shot.run:
        app.shown_run = RunFolder(data.runs / shot.run)
    app.overlays.add(*(RunFolder(data.runs / name) for name in shot.overlays))
    async with app.run_test(size=SIZE) as pilot:
        await _complete(app, target, "")
        for key in shot.keys:
            await pilot.press(key)
            await pilot.pause(0.5)
        await _complete(app, target, shot.shows)
    print(f"wrote {target.name}, {target.stat().st_size // 1000} kB", flush=True)


async def _complete(app: Workbench, target: Path, shows: str) -> None:
    """Writes the screen as it is once its threads are done and it stands still."""
    deadline, before = time.monotonic() + PATIENCE, ""
    while True:
        await asyncio.sleep(1.0)
        picture = _smaller(app.export_screenshot(title="minigpt-tui"))
        busy = any(not w.is_finished for w in app.workers if w.name != "runs")  # that never ends
        if not busy and picture == before:
            target.write_text(picture, encoding="utf-8")
            if shows in words_of(target):
                return
        assert time.monotonic() < deadline, f"{target.name} does not show {shows!r}"
        before = picture


def _smaller(svg: str) -> str:
    """The same picture with a short, lasting name for its styles, and no font from elsewhere."""
    found = re.search(r"terminal-\d+", svg)
    assert found is not None, "the picture of a screen has a name for its styles"
    return re.sub(r"@font-face \{.*?\n    \}\n", "", svg.replace(found[0], "t"), flags=re.DOTALL)


if __name__ == "__main__":
    main()
