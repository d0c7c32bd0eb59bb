"""Shows the settings of the form as a command, and lets them be saved and loaded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual.app import App

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder, data_folder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.train.config_dialog import ConfigDialog
from minigpt_tui.tui.train.train_command import train_command


def share(
    app: App[None], config: RunConfig, data: DataFolder, load: Callable[[RunConfig], None]
) -> None:
    """`load` takes the settings of a file that is opened."""
    elsewhere = data.root if data != data_folder() else None
    name = visible(Path(config.data.corpus[0]).stem or "settings")
    path = data.root / "configs" / f"{name}.yaml"
    app.push_screen(ConfigDialog(config, train_command(config, elsewhere), path, load))
