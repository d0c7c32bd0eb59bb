"""A new run that begins with the weights of another model instead of random ones."""

from __future__ import annotations

import dataclasses

from minigpt_tui.config import RunConfig
from minigpt_tui.config_files import from_dict
from minigpt_tui.runs.checkpoint import Checkpoint
from minigpt_tui.settings import check, with_settings

KEPT = ("level", "vocab_size", "min_frequency")
"""Settings beside the shape that the model's vocabulary has decided."""
FREE = "dropout"
"""The one setting of the shape that a new training may choose anew."""


def config_of_start(config: RunConfig, start: Checkpoint) -> RunConfig:
    """`config` with the shape and the level of the model to start from."""
    theirs = from_dict(start.config)
    shape = dataclasses.replace(theirs.model, dropout=config.model.dropout)
    kept = {name: getattr(theirs.data, name) for name in KEPT}
    begun = dataclasses.replace(with_settings(config, {**kept, "plan": "given"}), model=shape)
    return check(begun)
