"""What the workbench remembers between two starts: theme, sizes and last selections."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.settings_file import as_written, read_settings, write_settings

log = logging.getLogger(__name__)
ON_HANGUP = ("background", "stop")


@dataclass
class Remembered:
    """Small facts, all of them optional: a missing or damaged file only means a fresh start."""

    theme: str = "minigpt-dark"
    bell: str = "on"
    """on or off: whether the terminal's bell rings at the end of a training and at trouble."""
    pane: str = "corpus"
    corpus: str = "sample_corpus"
    level: str = "char"
    preset: str = "standard"
    prompt: str = "I eat"
    sampler: str = ""
    """As `samplers.sampler_text` writes it."""
    inspect_view: str = "attention"
    inspect_source: str = ""
    """The second prompt of the Inspect pane, from which activations are taken."""
    runs_sort: str = "age"
    """A column of the Runs pane; a minus before it is descending order."""
    runs_filter: str = ""
    on_hangup: str = "background"
    """What becomes of a training when the connection to the terminal drops: `background` hands it
    to a process of its own, `stop` saves and stops it. To be set in the file by hand."""
    recent_texts: list[str] = field(default_factory=list)
    """Paths of the texts that were opened from the disk, the newest first."""
    sizes: dict[str, int] = field(default_factory=dict)
    """Columns or rows of what a divider was moved for, by the divider's name."""


def load_remembered(data: DataFolder) -> Remembered:
    """The remembered facts; unknown or wrongly typed entries are left out and named in the log."""
    remembered = Remembered()
    try:
        plain = read_settings(data)
    except ValueError as error:
        log.warning("%s", error)
        return remembered
    for fact in fields(Remembered):
        if fact.name not in plain:
            continue
        value = as_written(plain[fact.name])
        if _is_like(value, getattr(remembered, fact.name)):
            setattr(remembered, fact.name, value)
        else:
            log.warning("%s: %s is not taken up", data.settings, fact.name)
    if remembered.on_hangup not in ON_HANGUP:
        allowed = " or ".join(ON_HANGUP)
        log.warning("on_hangup in %s must be %s; it is %s", data.settings, allowed, ON_HANGUP[0])
        remembered.on_hangup = ON_HANGUP[0]
    return remembered


def save_remembered(remembered: Remembered, data: DataFolder) -> None:
    """Writes the facts; a disk that refuses is named in the log, for nothing of worth is lost."""
    write_settings(data, asdict(remembered))


def _is_like(value: Any, default: object) -> bool:
    """Whether a value has the type of the default: text, a list of texts, numbers by name."""
    if isinstance(default, str):
        return isinstance(value, str)
    if isinstance(default, list):
        return isinstance(value, list) and all(isinstance(part, str) for part in value)
    return isinstance(value, dict) and all(
        isinstance(name, str) and type(number) is int for name, number in value.items()
    )
