"""The command that the form shows trains what the form describes."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import pytest

from minigpt_tui.cli import build_parser
from minigpt_tui.commands.train import config_from
from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset, preset_names
from minigpt_tui.settings import with_settings
from minigpt_tui.tui.train.train_command import train_command


def parsed(command: str) -> RunConfig:
    program, *arguments = shlex.split(command)
    assert program == "minigpt-tui"
    return config_from(build_parser().parse_args(arguments))


@pytest.mark.parametrize("preset", preset_names())
def test_a_preset_is_named_and_nothing_else(preset: str) -> None:
    config = load_preset(preset)
    assert parsed(train_command(config)) == config
    assert len(shlex.split(train_command(config))) == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"corpus": ("/tmp/a file.txt", "it's [/nope] \x1b"), "lr": 3e-05},
        {"minutes": 2.5, "vocab_size": 512, "level": "bpe", "seed": 7},
        {"sample_prompt": "-- $HOME `ls`", "steps": 10, "shard": "on", "batch": "auto"},
    ],
)
def test_what_differs_is_a_flag(changes: dict[str, Any]) -> None:
    config = with_settings(load_preset("standard"), changes)
    assert parsed(train_command(config)) == config


def test_what_a_preset_sets_can_be_empty() -> None:
    config = with_settings(load_preset("five-minutes"), {"minutes": None})
    assert parsed(train_command(config)) == config


def test_another_data_folder_is_named() -> None:
    command = train_command(RunConfig(), Path("/data/of mine"))
    assert shlex.split(command)[:3] == ["minigpt-tui", "--data-dir", "/data/of mine"]
    assert build_parser().parse_args(shlex.split(command)[1:]).data_dir == "/data/of mine"
