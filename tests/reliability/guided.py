"""Input that is led by what it reaches: atheris over the targets of `fuzz`, each in a process.

    python -m tests.reliability.guided TARGET SEED SECONDS FOLDER

Atheris must see the program's modules before they are loaded, and ends the process that it is in.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.reliability.frame import Case, Cases

START_SECONDS = 120.0


def installed() -> bool:
    """There is a package for Linux and macOS alone."""
    return importlib.util.find_spec("atheris") is not None


def runs(target: str, seed: int, seconds: float, folder: Path) -> Cases:
    """So many seconds of a target; each input is a case."""
    folder.mkdir(exist_ok=True)
    what = f"guided, {target}"
    command = [sys.executable, "-m", "tests.reliability.guided", target, str(seed)]
    done = subprocess.run(
        [*command, str(int(seconds)), str(folder)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=2 * seconds + START_SECONDS,
        check=False,
    )
    said = done.stdout + done.stderr
    counted = re.findall(r"^Done (\d+) runs|^#(\d+)\s", said, re.MULTILINE)
    count = max((int(a or b) for a, b in counted), default=0)
    for _ in range(count - 1):
        yield Case(what)
    # The error comes first and the engine's own words after it.
    error = said.partition("Uncaught Python exception")[2][:600].strip(" =:\n")
    ended = f"it ended with {done.returncode}: {error or said[-600:]}"
    yield Case(f"{what}, seed {seed}", "" if done.returncode == 0 and count else ended)


def main(target: str, seed: str, seconds: str, folder: str) -> None:
    """Never returns: the process ends with the engine."""
    import atheris

    with atheris.instrument_imports(include=["minigpt_tui"]):
        from tests.reliability import fuzz

    every = fuzz.targets(Path(tempfile.mkdtemp(dir=folder)) / "files")
    strategy, act = next((strategy, act) for name, strategy, act in every if name == target)
    test = fuzz.trying(strategy, act, inputs=1)
    options = [f"-max_total_time={seconds}", f"-seed={int(seed) + 1}", "-max_len=4096"]
    options += [f"-artifact_prefix={folder}/", "-verbosity=1"]
    atheris.Setup([sys.argv[0], *options], test.hypothesis.fuzz_one_input)  # type: ignore[attr-defined]
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])
