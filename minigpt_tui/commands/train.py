"""`minigpt-tui train`: a training without a screen, for terminals, pipes and servers."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from minigpt_tui.config import UNKNOWN_CORPUS, RunConfig
from minigpt_tui.config_files import dump_yaml, from_dict, load_preset, load_yaml
from minigpt_tui.paths import DataFolder, check_name, data_folder
from minigpt_tui.settings import (
    check,
    check_setting,
    get_setting,
    parse_setting,
    settings,
    with_settings,
)
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.training.control import Control
from minigpt_tui.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    from minigpt_tui.jobs.drive import Outcome
    from minigpt_tui.training.distributed import World
    from minigpt_tui.training.events import Event
    from minigpt_tui.training.extension import Extension

EXTENDING = ("epochs", "steps", "minutes", "lr")
"""Settings that a run which goes on may be given anew."""
ABOUT_THE_TEXT = ("corpus", "encoding", "text_field", "val_fraction")
"""Which text is learned, how it is read, and what of it is never learned."""


def train(arguments: argparse.Namespace) -> int:
    """Trains a new run, or goes on with one; returns the exit code."""
    if arguments.dry_run or arguments.find_lr or arguments.seeds is not None:
        return _train_otherwise(arguments)
    if arguments.json:
        raise ValueError(
            "--json goes with --dry-run, --find-lr or --seeds. Or: minigpt-tui runs --json."
        )
    data = data_folder(arguments.data_dir)
    config = config_from(arguments)
    extension = None
    if arguments.run is not None:
        check_name(arguments.run, "run name")
    if arguments.start_from is not None:
        _refuse_with_start_from(arguments)
    if arguments.resume is not None:
        extension = _extension(arguments)
    if arguments.save_config:
        _save_config(config, Path(arguments.save_config))

    control = Control()
    outcome = None
    with stopping_on_signals(control) as received:
        keep_freed_memory()
        from minigpt_tui.training.distributed import joined, leave_if_one_of_many

        try:
            with joined() as world:
                outcome = _work(arguments, config, extension, data, control, world)
        except CancelledError:
            print("Stopped before the first step; nothing was written.", file=sys.stderr)
    # The shell's convention: 128 + the number of the signal that ended the work.
    diverged = outcome is not None and outcome.state == "diverged"
    code = 128 + received[0] if received else int(diverged)
    leave_if_one_of_many(code)
    return code


def _work(
    arguments: argparse.Namespace,
    config: RunConfig,
    extension: Extension | None,
    data: DataFolder,
    control: Control,
    world: World,
) -> Outcome:
    from minigpt_tui.commands.progress import printer
    from minigpt_tui.jobs.restarting import forget_run, note_run, noted_run
    from minigpt_tui.jobs.resuming import run_at_its_newest
    from minigpt_tui.jobs.train import train_branch, train_new, train_resumed
    from minigpt_tui.runs.checkpoint import load_checkpoint
    from minigpt_tui.runs.folder import find_run
    from minigpt_tui.training.distributed import restarts, started_by_torchrun

    listen = _undisturbed(printer(sys.stdout)) if world.first else _say_nothing
    run = None
    if arguments.resume is not None and _is_file(arguments.resume):
        file = Path(arguments.resume).expanduser()
        run = run_at_its_newest(data, file)
        if run is None and not world.alone:
            raise ValueError(
                f"{file} is not the newest state of a run here: begin a new run from it without "
                "torchrun, stop it, and resume that one."
            )
        if run is None:
            return train_branch(
                file, data, control, name=arguments.run, extension=extension, on_event=listen
            )
    elif arguments.resume is not None:
        run = find_run(data, arguments.resume)
    elif restarts():
        run = noted_run(data)
    if run is not None:
        return train_resumed(run, data, control, extension=extension, on_event=listen, world=world)
    start_from = None
    if arguments.start_from is not None:
        start_from = load_checkpoint(_model_named(arguments.start_from, data))
        config = _left_open(arguments, config, from_dict(start_from.config))
    on_run = partial(note_run, data) if started_by_torchrun() else _say_nothing
    if world.first and started_by_torchrun():
        forget_run(data)
    return train_new(
        config,
        data,
        control,
        name=arguments.run,
        on_event=listen,
        on_run=on_run,
        start_from=start_from,
        world=world,
    )


def _model_named(start_from: str, data: DataFolder) -> Path:
    """The checkpoint that `--start-from` names: a file, or a run's best."""
    from minigpt_tui.runs.folder import find_run

    if _is_file(start_from):
        return Path(start_from).expanduser()
    return find_run(data, start_from).best


def _left_open(arguments: argparse.Namespace, config: RunConfig, theirs: RunConfig) -> RunConfig:
    """`config` with the text and the dropout of the model to start from, where they are open.

    A preset or a file gives what it changes.
    """
    usual = RunConfig()

    def is_open(name: str) -> bool:
        unchanged = get_setting(config, name) == get_setting(usual, name)
        return unchanged and getattr(arguments, f"setting_{name}") is None

    names = ["dropout", *(ABOUT_THE_TEXT if is_open("corpus") else ())]
    taken = {name: get_setting(theirs, name) for name in names if is_open(name)}
    if taken.get("corpus") == UNKNOWN_CORPUS:
        raise ValueError("Name the text to learn from: --corpus. The model does not say its own.")
    return with_settings(config, taken)


def _refuse_with_start_from(arguments: argparse.Namespace) -> None:
    """Raises ValueError for what the model to start from has decided already."""
    from minigpt_tui.jobs.starting_from import FREE, KEPT

    for this in settings().values():
        decided = this.section == "model" or this.name in (*KEPT, "plan")
        given = getattr(arguments, f"setting_{this.name}", None) is not None
        if decided and given and this.name != FREE:
            raise ValueError(
                f"{this.flag} cannot be combined with --start-from: the new run has the shape and "
                "the vocabulary of the model that it starts from."
            )


def _is_file(resume: str) -> bool:
    """Whether what is to be resumed is named by a checkpoint's path, not by a run's name."""
    return resume.endswith(".pt") or os.sep in resume


def _undisturbed(listen: Callable[[Event], None]) -> Callable[[Event], None]:
    """A listener that cannot print (its output goes to a full disk) must not end the training."""

    def show(event: Event) -> None:
        try:
            listen(event)
        except BrokenPipeError:
            raise
        except OSError:
            logging.getLogger(__name__).warning("What happens cannot be printed.")

    return show


def _say_nothing(event: object) -> None:
    """The listener of the processes that only help."""


def _train_otherwise(arguments: argparse.Namespace) -> int:
    """The commands that train other than one run."""
    if arguments.dry_run:
        from minigpt_tui.commands.preflight import preflight

        return preflight(arguments)
    if arguments.save_config:
        raise ValueError("--save-config goes with a single run: leave out --find-lr and --seeds.")
    if arguments.find_lr:
        from minigpt_tui.commands.find_lr import find_lr

        return find_lr(arguments)
    from minigpt_tui.commands.several import train_seeds

    return train_seeds(arguments)


def config_from(arguments: argparse.Namespace) -> RunConfig:
    """Defaults, then the preset, then the YAML file, then the flags; checked as a whole."""
    config = RunConfig()
    if arguments.preset is not None:
        config = load_preset(arguments.preset)
    if arguments.config is not None:
        config = load_yaml(Path(arguments.config), base=config)
    changes = {}
    for name in settings():
        typed = getattr(arguments, f"setting_{name}", None)
        if typed is not None:
            if name == "batch_size" and typed == "auto":
                changes["batch"] = "auto"
                continue
            is_text = isinstance(typed, str)
            changes[name] = parse_setting(name, typed) if is_text else check_setting(name, typed)
    return check(with_settings(config, changes))


def _extension(arguments: argparse.Namespace) -> Extension | None:
    """What a resumed run is asked to change; ValueError for settings that it cannot change."""
    from minigpt_tui.training.extension import Extension

    given = {
        name: getattr(arguments, f"setting_{name}")
        for name in settings()
        if getattr(arguments, f"setting_{name}", None) is not None
    }
    changes = {name: parse_setting(name, given.pop(name)) for name in EXTENDING if name in given}
    refused = [settings()[name].flag for name in given]
    refused += [f"--{flag}" for flag in ("preset", "config") if getattr(arguments, flag)]
    if arguments.run is not None and not _is_file(arguments.resume):
        refused.append("--run")
    if refused:
        allowed = ", ".join(settings()[name].flag for name in EXTENDING)
        raise ValueError(
            f"{refused[0]} cannot be combined with --resume: a run goes on with its own settings. "
            f"What can be changed: {allowed}."
        )
    return Extension(**changes) if changes else None


def _save_config(config: RunConfig, path: Path) -> None:
    try:
        path.write_text(dump_yaml(config), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"Cannot write {path}: {error.strerror}.") from error


@contextmanager
def stopping_on_signals(control: Control) -> Iterator[list[int]]:
    """The first signal stops after the step and saves; a second one ends the process at once.

    Not so HUP: when a connection drops it comes two or three times, from the system and from the
    shell, and printing to the lost terminal would fail. Under torchrun a key press reaches each
    process twice, from the terminal and from torchrun, which also kills those that take too long:
    there further signals change nothing.
    Yields the list of signals received.
    """
    received: list[int] = []
    hang_up = getattr(signal, "SIGHUP", None)
    terminals = [descriptor for descriptor in (1, 2) if os.isatty(descriptor)]
    under_torchrun = "TORCHELASTIC_RUN_ID" in os.environ

    def stop(number: int, frame: FrameType | None) -> None:
        if number == hang_up:
            _print_nowhere(terminals)
        if received and (under_torchrun or number == hang_up):
            return
        if received and received != [hang_up]:
            os._exit(128 + number)
        received.append(number)
        control.stop()
        # os.write: a handler may interrupt a print in hand, which must not be entered again.
        if number != hang_up:
            os.write(2, b"\nStopping after this step; the state is saved. Again: stop at once.\n")

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    # What the parent ignores (nohup) stays ignored.
    previous = {n: signal.getsignal(n) for n in numbers if signal.getsignal(n) != signal.SIG_IGN}
    for number in previous:
        signal.signal(number, stop)
    try:
        yield received
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _print_nowhere(descriptors: list[int]) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
