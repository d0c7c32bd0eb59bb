"""The configuration with which the form begins: preset, text and level as chosen last."""

from __future__ import annotations

import logging

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import load_preset, preset_names
from minigpt_tui.paths import DataFolder
from minigpt_tui.settings import check_setting, with_settings
from minigpt_tui.tui.remembered import Remembered

log = logging.getLogger(__name__)


def first_config(remembered: Remembered, data: DataFolder) -> RunConfig:
    """What is remembered and wrong is left out, and named in the log."""
    preset = remembered.preset
    config = load_preset(preset if preset in preset_names() else "standard")
    try:
        level = check_setting("level", remembered.level)
        corpus = check_setting("corpus", remembered.corpus)
    except ValueError as error:
        log.warning("%s is not taken up: %s", data.settings, error)
        return config
    return with_settings(config, {"corpus": corpus, "level": level})
