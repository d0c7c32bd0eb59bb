"""`minigpt-tui train --find-lr`: which learning rate suits this model and this text."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

import numpy as np

from minigpt_tui.commands.progress import CLEAR_LINE
from minigpt_tui.commands.several import refuse_torchrun, train_command
from minigpt_tui.commands.train import config_from, stopping_on_signals
from minigpt_tui.paths import data_folder
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.safe import visible
from minigpt_tui.training.control import Control
from minigpt_tui.training.freed_memory import keep_freed_memory
from minigpt_tui.tui.plot.braille import BLANK, characters, line_dots
from minigpt_tui.tui.plot.plot_limits import Axis, loss_axis, loss_labels, ticks

if TYPE_CHECKING:
    from minigpt_tui.jobs.lr_range import LrRange

NARROWEST, WIDEST, HEIGHT = 60, 100, 12
SIGNS = {"side": "│", "tick": "┤", "corner": "└", "floor": "─", "mark": "┊", "foot": "▲"}
ASCII_SIGNS = {"side": "|", "tick": "+", "corner": "+", "floor": "-", "mark": ":", "foot": "^"}
ASCII_CURVE = ord("*")


def find_lr(arguments: argparse.Namespace) -> int:
    """Prints loss against rate and a suggestion; exit code 1 when there is none."""
    config = config_from(arguments)
    data = data_folder(arguments.data_dir)
    control = Control()
    say = _sayer(sys.stderr if arguments.json else sys.stdout)
    with stopping_on_signals(control) as received:
        keep_freed_memory()
        refuse_torchrun()
        from minigpt_tui.jobs.lr_range import find_lr as test_rates

        try:
            found = test_rates(config, data, control, say=say)
        except CancelledError:
            print("Stopped before the test was done; there is no suggestion.", file=sys.stderr)
            return 128 + received[0] if received else 1
        finally:
            say("")
    command = None
    if found.suggestion is not None:
        command = train_command(arguments, {"lr": found.suggestion})
    if arguments.json:
        print(json.dumps({**asdict(found), "command": command}, indent=2))
    else:
        width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
        for line in plot_lines(found, width, ascii_only=not _can_write_signs(sys.stdout)):
            print(line)
        print("\n".join(_verdict(found, command)))
    return int(found.suggestion is None)


def plot_lines(found: LrRange, width: int, *, ascii_only: bool) -> list[str]:
    """The smoothed loss over the logarithm of the rate, `width` columns wide.

    A dotted column marks the suggestion. How far the loss rises above where it began is cut off.
    """
    if len(found.lrs) < 2:
        return []
    signs = ASCII_SIGNS if ascii_only else SIGNS
    lrs, losses = np.array(found.lrs), np.array(found.smoothed)
    x = Axis(found.lrs[0], found.lrs[-1], log=True)
    y = loss_axis(float(losses.min()), float(losses[: losses.argmin() + 1].max()), log=False)
    y_ticks = ticks(y, HEIGHT // 3)
    labels = loss_labels(y_ticks)
    margin = max(map(len, labels)) + 1
    columns = width - margin - 1

    dots_x, dots_y = x.fractions(lrs) * (2 * columns - 1), y.fractions(losses) * (4 * HEIGHT - 1)
    cells = characters(line_dots(dots_x, 4 * HEIGHT - 1 - dots_y, columns, HEIGHT))
    if ascii_only:
        cells = np.where(cells == BLANK, cells, np.uint32(ASCII_CURVE))
    floor = np.full(columns, ord(signs["floor"]), dtype=np.uint32)
    if found.suggestion is not None:
        marked = round(x.fraction(found.suggestion) * (columns - 1))
        cells[cells[:, marked] == BLANK, marked] = ord(signs["mark"])
        floor[marked] = ord(signs["foot"])

    label_of_row = {
        round((1 - y.fraction(value)) * (HEIGHT - 1)): label
        for value, label in zip(y_ticks, labels, strict=True)
    }
    lines = ["loss, smoothed (nats a token)"]
    for row in range(HEIGHT):
        label = label_of_row.get(row, "")
        side = signs["tick"] if label else signs["side"]
        lines.append(f"{label:>{margin}}{side}{_text(cells[row])}".rstrip())
    lines.append(" " * margin + signs["corner"] + _text(floor))
    lines.append(" " * (margin + 1) + _rates_below(x, columns))
    return lines


def _rates_below(x: Axis, columns: int) -> str:
    """The labels of the x axis, each around its place, as many as do not touch."""
    line = ""
    for value in ticks(x, columns // 8):
        label = f"{value:g}" if value >= 1e-3 else f"{value:.0e}".replace("e-0", "e-")
        start = round(x.fraction(value) * (columns - 1)) - len(label) // 2
        start = max(0, min(start, columns - len(label)))
        if not line or start > len(line):
            line = line.ljust(start) + label
    return line


def _verdict(found: LrRange, command: str | None) -> Sequence[str]:
    if found.diverged_at is None:
        end = f"The loss had not clearly risen at {found.lrs[-1]:.1e}, where the test ends."
    else:
        end = f"At {found.diverged_at:.1e} the loss had clearly risen, or was no number any more."
    if command is None:
        return (
            end,
            "No suggestion: the loss never clearly fell. Is there anything to learn in this text?",
        )
    return (
        end,
        f"Suggested peak learning rate: {found.suggestion:g}",
        "(the first with nine tenths of the fall done, well below the lowest point)",
        "",
        visible(command),
    )


def _sayer(out: TextIO) -> Callable[[str], None]:
    """Shows on one line of a terminal what is being done; in a pipe nothing."""

    def say(message: str) -> None:
        out.write(CLEAR_LINE + message)
        out.flush()

    return say if out.isatty() else lambda message: None


def _can_write_signs(out: TextIO) -> bool:
    try:
        ("".join(SIGNS.values()) + "⣿").encode(out.encoding or "ascii")
    except UnicodeEncodeError:
        return False
    return True


def _text(codes: np.ndarray[tuple[int, ...], np.dtype[np.uint32]]) -> str:
    return "".join(map(chr, codes))
