"""`minigpt-tui train`: a training without a screen, for terminals, pipes and servers."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from minigpt_tui.config import (
    RunConfig,
    check,
    check_setting,
    dump_yaml,
    load_preset,
    load_yaml,
    parse_setting,
    settings,
    with_settings,
)
from minigpt_tui.paths import check_name, data_folder
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.training.control import Control
from minigpt_tui.training.freed_memory import keep_freed_memory


def train(arguments: argparse.Namespace) -> int:
    """Trains a new run, or goes on with one; returns the exit code."""
    data = data_folder(arguments.data_dir)
    config = config_from(arguments)
    if arguments.run is not None:
        check_name(arguments.run, "run name")
    if arguments.resume is not None:
        _refuse_settings_on_resume(arguments)
        from minigpt_tui.runs.folder import find_run

        run_to_resume = find_run(data, arguments.resume)
    if arguments.save_config:
        _save_config(config, Path(arguments.save_config))

    control = Control()
    diverged = False
    with _stopping_on_signals(control) as received:
        keep_freed_memory()
        from minigpt_tui.commands.progress import printer
        from minigpt_tui.jobs.train import train_new, train_resumed

        listen = printer(sys.stdout)
        try:
            if arguments.resume is not None:
                outcome = train_resumed(run_to_resume, data, control, on_event=listen)
            else:
                outcome = train_new(config, data, control, name=arguments.run, on_event=listen)
            diverged = outcome.state == "diverged"
        except CancelledError:
            print("Stopped before the first step; nothing was written.", file=sys.stderr)
    # The shell's convention: 128 + the number of the signal that ended the work.
    return 128 + received[0] if received else int(diverged)


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
            is_text = isinstance(typed, str)
            changes[name] = parse_setting(name, typed) if is_text else check_setting(name, typed)
    return check(with_settings(config, changes))


def _refuse_settings_on_resume(arguments: argparse.Namespace) -> None:
    given = [
        this.flag
        for this in settings().values()
        if getattr(arguments, f"setting_{this.name}", None) is not None
    ]
    given += [
        f"--{flag}" for flag in ("run", "preset", "config") if getattr(arguments, flag) is not None
    ]
    if given:
        raise ValueError(
            f"{given[0]} cannot be combined with --resume: a run goes on with its own settings."
        )


def _save_config(config: RunConfig, path: Path) -> None:
    try:
        path.write_text(dump_yaml(config), encoding="utf-8")
    except OSError as error:
        raise ValueError(f"Cannot write {path}: {error.strerror}.") from error


@contextmanager
def _stopping_on_signals(control: Control) -> Iterator[list[int]]:
    """The first signal stops after the step and saves; a second one ends the process at once.

    Yields the list of signals received.
    """
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if received:
            os._exit(128 + number)
        received.append(number)
        control.stop()
        # os.write: a handler may interrupt a print in hand, which must not be entered again.
        if number != getattr(signal, "SIGHUP", None):
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
