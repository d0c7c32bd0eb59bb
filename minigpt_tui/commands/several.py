"""`minigpt-tui train --seeds` and `minigpt-tui sweep`: runs one after the other, compared."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from minigpt_tui.commands.progress import CLEAR_LINE, REDRAW_SECONDS
from minigpt_tui.commands.train import config_from, stopping_on_signals
from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.paths import data_folder
from minigpt_tui.settings import parse_setting, settings
from minigpt_tui.text.safe import visible
from minigpt_tui.training.control import Control
from minigpt_tui.training.events import Event, Preparing, Started, StepDone
from minigpt_tui.training.freed_memory import keep_freed_memory

if TYPE_CHECKING:
    from minigpt_tui.jobs.several import Planned, Trained

NOISE = 2.0
"""Standard deviations below which a difference between two runs says nothing."""


def train_seeds(arguments: argparse.Namespace) -> int:
    """Trains one configuration with several seeds; prints how much the loss owes to chance."""
    from minigpt_tui.jobs.several import seeds_from, spread

    planned = seeds_from(config_from(arguments), arguments.seeds, arguments.run)
    results, code = _train(planned, arguments, minutes=None)
    losses = [
        one.best_val_loss
        for one in results
        if one.state == "completed" and one.best_val_loss is not None
    ]
    known = spread(losses) if len(losses) >= 2 else None
    if arguments.json:
        figures = {
            "runs": [_plain(one) for one in results],
            "mean": known.mean if known else None,
            "standard_deviation": known.standard_deviation if known else None,
            "range": [known.lowest, known.highest] if known else None,
        }
        print(json.dumps(figures, indent=2))
        return code
    _print_table(results)
    if known is None:
        print("\nFewer than two runs were completed: nothing can be said about chance.")
        return code
    print(
        f"\nBest validation loss of {len(losses)} seeds: mean {known.mean:.4f}, "
        f"standard deviation {known.standard_deviation:.4f}, "
        f"range {known.highest - known.lowest:.4f} ({known.lowest:.4f} to {known.highest:.4f})."
    )
    print(
        "A change of settings that moves the loss of a run by less than about "
        f"{NOISE * known.standard_deviation:.4f} (two standard deviations) cannot be told from "
        "noise."
    )
    if len(losses) < 5:
        print(f"From {len(losses)} seeds the deviation itself is a rough figure.")
    return code


def sweep(arguments: argparse.Namespace) -> int:
    """Trains every cell of a grid within one time budget; prints them ranked, and the best."""
    from minigpt_tui.jobs.several import OF_THE_TEXT, OF_THE_TOKENIZER, cells_of, ranked

    grid = _grid(arguments)
    config = _base(arguments, grid)
    planned = cells_of(config, grid, arguments.run)
    minutes = config.training.minutes if arguments.setting_minutes is not None else None
    if minutes is None and len(planned) > 1 and not arguments.json:
        print(f"{len(planned)} runs, each as long as its settings say; --minutes bounds them all.")
    results, code = _train(planned, arguments, minutes=minutes)
    by_bytes = bool(grid.keys() & (OF_THE_TOKENIZER | OF_THE_TEXT))
    order = ranked(results, by_bytes=by_bytes)
    best = order[0] if order and order[0].state == "completed" else None
    command = None
    if best is not None:
        share = {} if best.minutes is None else {"minutes": float(f"{best.minutes:.3g}")}
        command = train_command(arguments, {**best.planned.settings, **share})
    if arguments.json:
        figures = {
            "ranked_by": "bits_per_byte" if by_bytes else "best_val_loss",
            "runs": [_plain(one) for one in order],
            "best_command": command,
        }
        print(json.dumps(figures, indent=2))
        return code
    _print_table(order)
    print(
        "\nRanked by "
        + (
            "bits a byte: the tokens differ, so that their losses do not compare."
            if by_bytes
            else "the best validation loss in nats a token."
        )
    )
    if grid.keys() & OF_THE_TEXT:
        print("The validation texts may differ too, and then the order says little.")
    if command is not None:
        print(f"\nThe best again:\n{visible(command)}")
    return code


def train_command(arguments: argparse.Namespace, changes: Mapping[str, Any]) -> str:
    """The command line that trains what these arguments describe, with some settings changed."""
    words = ["minigpt-tui", "train"]
    for flag in ("data_dir", "preset", "config", "run"):
        if getattr(arguments, flag) is not None:
            words += [f"--{flag.replace('_', '-')}", getattr(arguments, flag)]
    for this in settings().values():
        value = getattr(arguments, f"setting_{this.name}")
        if this.name in changes:
            value = "" if changes[this.name] is None else changes[this.name]
        if isinstance(value, list | tuple):
            words += [this.flag, *value]
        elif value is not None:
            text = str(value)
            words += [f"{this.flag}={text}"] if text.startswith("-") else [this.flag, text]
    return shlex.join(words)


def refuse_torchrun() -> None:
    """ValueError where torchrun has started several processes, which would all do the same."""
    from minigpt_tui.training.distributed import started_by_torchrun

    if started_by_torchrun():
        raise ValueError("This trains in one process: start it without torchrun.")


def _grid(arguments: argparse.Namespace) -> dict[str, list[Any]]:
    """Each setting of `--grid NAME=V1,V2` with its values; ValueError says what is wrong."""
    grid: dict[str, list[Any]] = {}
    for axis in arguments.grid:
        name, equals, values = axis.partition("=")
        name = name.removeprefix("--").replace("-", "_")
        if not equals:
            raise ValueError(
                f"--grid takes NAME=V1,V2, for example lr=1e-3,3e-3, not “{visible(axis)}”."
            )
        if name not in settings():
            from_dict({name: None})  # raises: there is no such setting, but perhaps a near one
        if name in grid:
            raise ValueError(f"{name} stands twice in the grid. Give its values together.")
        if getattr(arguments, f"setting_{name}") is not None:
            raise ValueError(f"{name} is in the grid: leave out {settings()[name].flag}.")
        if arguments.setting_minutes is not None and name in ("epochs", "steps"):
            raise ValueError(f"With --minutes the time decides the steps: leave out {name}.")
        grid[name] = [parse_setting(name, value) for value in values.split(",")]
        twice = [value for value in grid[name] if grid[name].count(value) > 1]
        if twice:
            raise ValueError(f"{name} has the value {twice[0]} twice in the grid.")
    return grid


def _base(arguments: argparse.Namespace, grid: Mapping[str, Sequence[Any]]) -> RunConfig:
    """The configuration around the grid: legal alone, or at least with the grid's first values."""
    try:
        return config_from(arguments)
    except ValueError:
        first = {f"setting_{name}": values[0] for name, values in grid.items()}
        return config_from(argparse.Namespace(**{**vars(arguments), **first}))


def _train(
    planned: Sequence[Planned], arguments: argparse.Namespace, *, minutes: float | None
) -> tuple[list[Trained], int]:
    """Trains them all and tells of each as it ends; the results and the exit code."""
    out = sys.stderr if arguments.json else sys.stdout
    teller = _Teller(out, planned)
    control = Control()
    results = []
    with stopping_on_signals(control) as received:
        keep_freed_memory()
        refuse_torchrun()
        from minigpt_tui.jobs.several import train_several

        data = data_folder(arguments.data_dir)
        try:
            for one in train_several(
                planned, data, control, minutes=minutes, on_event=teller.event
            ):
                results.append(one)
                teller.ended(one)
        finally:
            teller.clear()
    if received:
        return results, 128 + received[0]
    return results, int(all(one.state != "completed" for one in results))


class _Teller:
    """One line for each run that ended; on a terminal also where the one in hand stands."""

    def __init__(self, out: TextIO, planned: Sequence[Planned]) -> None:
        self.out = out
        self.place = {id(one): f"[{n}/{len(planned)}]" for n, one in enumerate(planned, start=1)}
        self.total_steps = 0
        self.last_drawn = 0.0

    def event(self, planned: Planned, event: Event) -> None:
        match event:
            case Preparing():
                self._live(planned, f"{event.message}…")
            case Started():
                self.total_steps = event.total_steps
            case StepDone() if time.monotonic() - self.last_drawn >= REDRAW_SECONDS:
                step = f"step {event.step:,}/{self.total_steps:,}"
                self._live(planned, f"{step}  loss {event.loss:.4f}")

    def ended(self, one: Trained) -> None:
        figures = one.message
        if one.state == "completed" and one.best_val_loss is not None:
            figures = f"best loss {one.best_val_loss:.4f}, {one.bits_per_byte:.4f} bits a byte"
        line = f"{self._label(one.planned)}  {one.state}: {visible(figures)}"
        self.clear()
        print(line, file=self.out, flush=True)

    def clear(self) -> None:
        """Takes away the line that moves."""
        if self.out.isatty():
            self.out.write(CLEAR_LINE)
            self.out.flush()

    def _label(self, planned: Planned) -> str:
        return f"{self.place[id(planned)]} {visible(planned.label)}"

    def _live(self, planned: Planned, text: str) -> None:
        if self.out.isatty():
            self.last_drawn = time.monotonic()
            width = shutil.get_terminal_size().columns
            self.out.write(CLEAR_LINE + f"{self._label(planned)}  {text}"[: width - 1])
            self.out.flush()


def _print_table(results: Sequence[Trained]) -> None:
    """A row for each run: the settings in which they differ, then how it went."""
    from minigpt_tui.jobs.several import shown_value

    if not results:
        print("No run was trained.")
        return
    names = list(results[0].planned.settings)
    rows = [[*names, "best loss", "bits/byte", "steps", "seconds", "state", "run"]]
    for one in results:
        rows.append(
            [
                *(visible(shown_value(one.planned.settings[name])) for name in names),
                "–" if one.best_val_loss is None else f"{one.best_val_loss:.4f}",
                "–" if one.bits_per_byte is None else f"{one.bits_per_byte:.4f}",
                f"{one.steps:,}",
                f"{one.seconds:.1f}",
                one.state,
                "–" if one.run is None else visible(one.run.name),
            ]
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    print()
    for row in rows:
        *figures, run = (text.rjust(width) for text, width in zip(row, widths, strict=True))
        print("  ".join([*figures, run.strip()]))


def _plain(one: Trained) -> dict[str, Any]:
    return {
        "settings": dict(one.planned.settings),
        "run": None if one.run is None else one.run.name,
        "state": one.state,
        "message": one.message,
        "best_val_loss": one.best_val_loss,
        "bits_per_byte": one.bits_per_byte,
        "steps": one.steps,
        "seconds": one.seconds,
        "minutes": one.minutes,
    }
