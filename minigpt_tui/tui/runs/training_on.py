"""The settings of a run that begins with the weights of another: that one's, but for changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from minigpt_tui.config import UNKNOWN_CORPUS, RunConfig
from minigpt_tui.settings import check, get_setting, parse_setting, with_settings

CHANGEABLE = ("corpus", "epochs", "lr")
_OF_THE_TEXT = ("encoding", "text_field")
_LENGTHS = ("steps", "minutes")


def config_of_training_on(theirs: RunConfig, typed: Mapping[str, str]) -> RunConfig:
    """`theirs` with what was typed for some of CHANGEABLE; an empty text changes nothing.

    Raises ValueError, in words, for values that cannot be, and where there is no text to learn.
    """
    changes: dict[str, Any] = {
        name: parse_setting(name, typed[name].strip())
        for name in CHANGEABLE
        if typed.get(name, "").strip()
    }
    usual = RunConfig()
    if "corpus" in changes:  # how the other text was read says nothing about this one
        changes |= {name: get_setting(usual, name) for name in _OF_THE_TEXT}
    elif theirs.data.corpus == UNKNOWN_CORPUS:
        raise ValueError("Type the text to learn from: this model does not say its own.")
    if "epochs" in changes:  # which either of them would override
        changes |= dict.fromkeys(_LENGTHS)
    return check(with_settings(theirs, changes))
