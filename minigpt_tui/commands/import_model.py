"""`minigpt-tui import`: a model of another program as a run of this one."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_import(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.add_argument(
        "path",
        metavar="PATH",
        help="a Hugging Face folder (gpt2 or qwen3), a .safetensors file that was exported here, "
        "or a ckpt.pt of nanoGPT",
    )
    parser.add_argument("--run", metavar="NAME", help="name of the run (default: the file's)")
    parser.add_argument(
        "--vocabulary",
        nargs="+",
        default=[],
        metavar="TEXT",
        help="where the model brings none (nanoGPT): the text that it was trained on, whose "
        "characters are its tokens, or a tokenizer.json",
    )


def import_model(arguments: argparse.Namespace) -> int:
    """Reads the model, makes a run of it, and says what can be done with it now."""
    from minigpt_tui.paths import check_name, data_folder

    if arguments.run is not None:
        check_name(arguments.run, "name of a run")
    path = Path(arguments.path).expanduser()
    data = data_folder(arguments.data_dir).ready()
    from minigpt_tui.interop.reading import read_model
    from minigpt_tui.jobs.import_run import import_run
    from minigpt_tui.planning.parameters import parameter_count
    from minigpt_tui.runs.folder import read_config
    from minigpt_tui.text.safe import visible

    imported = read_model(path, arguments.vocabulary, data)
    run = import_run(imported, path, data, arguments.run)
    config = read_config(run)
    size = imported.checkpoint.vocab_size
    print(
        f"✓ Imported {imported.source} as the run {run.name}: "
        f"{parameter_count(config.model, size):,} weights, {size:,} tokens ({config.data.level})"
    )
    for note in imported.notes:
        print(f"  {visible(note)}")
    print(f'Ask it:          minigpt-tui predict --run {run.name} "…"')
    print(f"Train it further: minigpt-tui train --start-from {run.name} --corpus TEXT --epochs 3")
    return 0
