"""`minigpt-tui export`: a model of a run in the files that other programs read."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from minigpt_tui.runs.folder import RunFolder

ENDINGS = {"hf": "-hf", "safetensors": ".safetensors", "gguf": ".gguf"}


def add_export(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "run", nargs="?", metavar="RUN|FILE", help="a run or a checkpoint (default: the newest run)"
    )
    parser.add_argument(
        "--to",
        required=True,
        choices=list(ENDINGS),
        help="hf: a folder for transformers; safetensors: one file of this program's own names; "
        "gguf: one file for llama.cpp (BPE only)",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="WHICH",
        help="best (default), final, last, a number of epochs, or a file's name in the run",
    )
    parser.add_argument(
        "--out", metavar="PATH", help="what to write (default: the run's name in this folder)"
    )


def export(arguments: argparse.Namespace) -> int:
    """Writes the model, proves that it reads back as it is, and says where it lies."""
    path, name = _checkpoint(arguments)
    target = (
        Path(arguments.out).expanduser() if arguments.out else Path(name + ENDINGS[arguments.to])
    )
    from minigpt_tui.inference.service import GPTService
    from minigpt_tui.interop.exporting import export_model
    from minigpt_tui.paths import data_folder
    from minigpt_tui.text.safe import visible

    service = GPTService(path)
    print("\n".join(service.describe()), flush=True)
    data = data_folder(arguments.data_dir)
    for line in export_model(service, name, arguments.to, target, data):
        print(visible(line))
    return 0


def _checkpoint(arguments: argparse.Namespace) -> tuple[Path, str]:
    """The file to export and a name for the model in it."""
    from minigpt_tui.paths import data_folder
    from minigpt_tui.runs.folder import find_run, newest_run

    named = arguments.run
    if named is not None and (named.endswith(".pt") or os.sep in named):
        if arguments.checkpoint is not None:
            raise ValueError(
                "--checkpoint chooses one of a run's files: name the run, or the file."
            )
        file = Path(named).expanduser()
        return file, file.stem
    data = data_folder(arguments.data_dir)
    run = newest_run(data) if named is None else find_run(data, named)
    return _of_run(run, arguments.checkpoint or "best"), run.name


def _of_run(run: RunFolder, which: str) -> Path:
    """One of a run's checkpoints. ValueError lists them if there is none of that name."""
    from minigpt_tui.text.safe import visible

    there = {path.name: path for path in run.checkpoints()}
    named = {"best": run.best, "final": run.final, "last": run.last}
    if which in named:
        name = named[which].name
    else:
        name = run.epoch_checkpoint(int(which)).name if which.isdecimal() else which
    if name not in there:
        found = ", ".join(map(visible, there)) or "none"
        raise ValueError(f"{visible(run.name)} has no {visible(name)}. It has: {found}.")
    return there[name]
