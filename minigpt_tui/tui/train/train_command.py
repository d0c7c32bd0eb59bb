"""The command that trains what the form describes: the nearest preset, and what differs from it."""

from __future__ import annotations

import shlex
from pathlib import Path

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset, preset_names
from minigpt_tui.settings import differences, get_setting, settings


def train_command(config: RunConfig, data_dir: Path | None = None) -> str:
    """A command line for a POSIX shell that gives a run of just these settings.

    `data_dir` is named where it is not the usual one. A name of the library stays a name.
    """
    changes, preset = min(
        ((differences(load_preset(name), config), name) for name in ("standard", *preset_names())),
        key=lambda candidate: len(candidate[0]),
    )
    parts = ["minigpt-tui"]
    if data_dir is not None:
        parts += ["--data-dir", str(data_dir)]
    parts += ["train", "--preset", preset]
    for name in settings():
        if name in changes or name == "corpus":
            parts += _flag(name, get_setting(config, name))
    return shlex.join(parts)


def _flag(name: str, value: object) -> list[str]:
    flag = settings()[name].flag
    if isinstance(value, tuple):
        return [flag, *value]
    text = "" if value is None else str(value)
    return [f"{flag}={text}"] if text.startswith("-") else [flag, text]
