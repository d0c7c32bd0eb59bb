"""`minigpt-tui corpus`: the texts to learn from: list, add, measure, prepare and delete them."""

from __future__ import annotations

import argparse
import json
import os
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from minigpt_tui.paths import DataFolder, data_folder
from minigpt_tui.text.safe import visible

AddSettings = Callable[[argparse.ArgumentParser], None]
WIDTH = 80
SAID_SECONDS = 0.25


def add_corpus_arguments(parser: argparse.ArgumentParser, add_settings: AddSettings) -> None:
    """The actions and their flags; `add_settings` adds those of `train`."""
    actions = parser.add_subparsers(title="actions", metavar="ACTION", dest="action", required=True)

    def add(name: str, help: str) -> argparse.ArgumentParser:
        action = actions.add_parser(name, help=help, description=help)
        action.add_argument("--data-dir", metavar="DIR", default=argparse.SUPPRESS)
        return action

    listing = add("list", "the texts of the library, and those of the disk that were opened")
    listing.add_argument("--json", action="store_true", help="print JSON only")
    adding = add("add", "take a file, a folder or a pattern into the library")
    adding.add_argument("names", nargs="+", metavar="PATH", help="several become one text")
    adding.add_argument(
        "--reference",
        action="store_true",
        help="copy nothing: list the text where it lies, as when it is opened in the workbench",
    )
    stats = add("stats", "measure a text as training would read it; takes the settings of train")
    stats.add_argument("names", nargs="+", metavar="TEXT", help="a name of the library, or a path")
    stats.add_argument("--json", action="store_true", help="print JSON only")
    add_settings(stats)
    build = add("build", "read and tokenize a text ahead of training; takes the settings of train")
    build.add_argument("names", nargs="+", metavar="TEXT", help="a name of the library, or a path")
    add_settings(build)
    removing = add("rm", "delete a text of the library: it stays in the trash for a week")
    removing.add_argument("names", nargs="+", metavar="TEXT", help="as `corpus list` names it")


def corpus(arguments: argparse.Namespace) -> int:
    """Does what the action says."""
    data = data_folder(arguments.data_dir)
    actions = {"list": _list, "add": _add, "stats": _stats, "build": _build, "rm": _remove}
    return actions[arguments.action](arguments, data)


def _list(arguments: argparse.Namespace, data: DataFolder) -> int:
    from minigpt_tui.commands.table import table
    from minigpt_tui.tui.corpus.text_choices import text_choices
    from minigpt_tui.tui.remembered import load_remembered
    from minigpt_tui.tui.widgets.numbers import size

    choices = text_choices(data, load_remembered(data).recent_texts)
    if arguments.json:
        rows = [
            {"name": choice.label, "shelf": choice.shelf, "corpus": choice.names}
            | {"bytes": choice.bytes}
            for choice in choices
        ]
        print(json.dumps(rows, indent=2))
        return 0
    body = [
        [
            visible(choice.label),
            choice.shelf,
            "folder" if choice.bytes is None else size(choice.bytes),
            visible(choice.names[0]),
        ]
        for choice in choices
    ]
    print("\n".join(table(["text", "where", ">size", "--corpus"], body)))
    return 0


def _add(arguments: argparse.Namespace, data: DataFolder) -> int:
    from minigpt_tui.jobs.texts import copy_text

    data.ready()
    if not arguments.reference:
        path = copy_text(arguments.names, data)
        print(f"Added: {visible(_name_in(data, path))}")
        return 0
    from minigpt_tui.tui.corpus.text_choices import DISK, opened_choice, text_choices, with_recent
    from minigpt_tui.tui.remembered import load_remembered, save_remembered

    remembered = load_remembered(data)
    for name in arguments.names:
        choice = opened_choice(name, data, text_choices(data, remembered.recent_texts))
        if choice.shelf != DISK:
            raise ValueError(f"{visible(name)} is in the library already.")
        remembered.recent_texts = with_recent(remembered.recent_texts, choice)
        print(f"Listed: {visible(choice.names[0])}")
    save_remembered(remembered, data)
    return 0


def _remove(arguments: argparse.Namespace, data: DataFolder) -> int:
    from minigpt_tui.jobs.texts import delete_text
    from minigpt_tui.tui.corpus.text_choices import DISK, PROGRAM, text_choices
    from minigpt_tui.tui.remembered import load_remembered, save_remembered

    remembered = load_remembered(data)
    for name in arguments.names:
        meant = {name, name.rstrip(os.sep), os.path.abspath(Path(name).expanduser())}
        found = [
            choice
            for choice in text_choices(data, remembered.recent_texts)
            if meant & {choice.label, choice.label.rstrip(os.sep), *choice.names}
        ]
        # Those of the user first: a text of the program may have the same name.
        found.sort(key=lambda choice: choice.shelf == PROGRAM)
        if not found:
            raise ValueError(
                f"There is no text “{visible(name)}”. `minigpt-tui corpus list` names them."
            )
        choice = found[0]
        if choice.shelf == PROGRAM:
            raise ValueError(f"{visible(choice.label)} comes with the program and stays.")
        if choice.shelf == DISK:
            remembered.recent_texts.remove(choice.names[0])
            save_remembered(remembered, data)
            print(f"Off the list: {visible(choice.names[0])} (the file stays where it is)")
            continue
        delete_text(_path_of(choice.names[0], data), data)
        print(
            f"Deleted: {visible(choice.label)} (for a week, u in the workbench's Corpus pane "
            "brings it back)"
        )
    return 0


def _stats(arguments: argparse.Namespace, data: DataFolder) -> int:
    from minigpt_tui.commands.train import config_from
    from minigpt_tui.settings import with_settings
    from minigpt_tui.tui.corpus.text_facts import refusal, text_lines, token_lines, verdict
    from minigpt_tui.tui.corpus.text_measure import TextMeasure
    from minigpt_tui.tui.corpus.text_reading import read_text
    from minigpt_tui.tui.corpus.text_steps import Measured, TextFacts

    config = with_settings(config_from(arguments), {"corpus": tuple(arguments.names)})
    facts: TextFacts | None = None
    measure: TextMeasure | None = None
    for step in read_text(config.data, data.ready(), lambda: False, say=_shares(arguments.json)):
        if isinstance(step, TextFacts):
            facts = step
        elif isinstance(step, Measured):
            measure = step.measure
    assert facts is not None
    assert measure is not None
    _say("")
    words = refusal(measure, config) or verdict(measure, config)
    if arguments.json:
        counts = {
            "level": measure.level,
            "vocab_size": measure.vocab_size,
            "tokens": measure.tokens,
            "train_tokens": measure.train_tokens,
            "val_tokens": measure.val_tokens,
            "unknown_tokens": measure.unknown_tokens,
            "targets_per_epoch": measure.targets,
            "estimated": measure.estimated,
        }
        print(json.dumps({**vars(facts), **counts, "verdict": words}, indent=2))
        return 0
    for name, figure in [*text_lines(facts), *token_lines(measure)]:
        print(f"{name:<16} {figure:>16}")
    print(f"\n{textwrap.fill(words, WIDTH)}")
    return 0


def _build(arguments: argparse.Namespace, data: DataFolder) -> int:
    from minigpt_tui.commands.train import config_from
    from minigpt_tui.config import ModelConfig
    from minigpt_tui.jobs.prepare import prepare
    from minigpt_tui.settings import with_settings

    config = with_settings(config_from(arguments), {"corpus": tuple(arguments.names)})
    # A text is made ready whatever model will learn it: the smallest asks nothing of it.
    smallest = ModelConfig(d_model=1, n_heads=1, n_layers=1, d_ff=1, max_seq_len=1)
    config = replace(config, model=smallest)
    prepared = prepare(config, data, say=_say)
    _say("")
    held_out = prepared.val.tokens if prepared.val is not None else 0
    print(
        f"Ready: {prepared.train.tokens:,} tokens to train on, {held_out:,} held out, "
        f"vocabulary of {prepared.tokenizer.vocab_size:,}."
    )
    for warning in prepared.warnings:
        print(f"! {visible(warning)}")
    return 0


def _shares(quiet: bool) -> Callable[[str, float], None]:
    """Says how far something is, some times a second."""
    last = time.monotonic()

    def say(what: str, share: float) -> None:
        nonlocal last
        if not quiet and time.monotonic() - last >= SAID_SECONDS:
            last = time.monotonic()
            _say(f"{what.capitalize()} {share:.0%}")

    return say


def _say(words: str) -> None:
    """What is being done, on one line of a terminal, and nowhere else."""
    if sys.stderr.isatty():
        print(f"\r\x1b[2K{words}", end="", file=sys.stderr, flush=True)


def _path_of(name: str, data: DataFolder) -> Path:
    """Where a text of the user's lies; a folder is named by its path."""
    from minigpt_tui.text.library import find_corpus

    return Path(name) if os.path.isabs(name) else find_corpus([name], data)[0]


def _name_in(data: DataFolder, path: Path) -> str:
    """What a text of the library is called in it."""
    from minigpt_tui.text.library import library_name

    return library_name(path) if path.is_file() else path.name
