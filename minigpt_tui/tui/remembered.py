"""What the workbench remembers between two starts: theme and last selections."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from minigpt_tui.paths import DataFolder

log = logging.getLogger(__name__)
MAX_BYTES = 64 * 1024


@dataclass
class Remembered:
    """Small facts, all of them optional: a missing or damaged file only means a fresh start."""

    theme: str = "minigpt-dark"
    pane: str = "corpus"
    corpus: str = "sample_corpus"
    level: str = "char"
    preset: str = "standard"
    prompt: str = "I eat"
    sampler: str = "temperature 0.8"
    inspect_view: str = "attention"
    inspect_source: str = ""
    """The second prompt of the Inspect pane, from which activations are taken."""
    runs_sort: str = "age"
    """A column of the Runs pane; a minus before it is descending order."""
    runs_filter: str = ""
    recent_texts: list[str] = field(default_factory=list)
    """Paths of the texts that were opened from the disk, the newest first."""


def load_remembered(data: DataFolder) -> Remembered:
    """The remembered facts; unknown or wrongly typed entries are left out and named in the log."""
    import yaml

    remembered = Remembered()
    try:
        with open(data.settings, "rb") as file:
            plain: Any = yaml.safe_load(file.read(MAX_BYTES).decode("utf-8"))
    except FileNotFoundError:
        return remembered
    except (OSError, yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        log.warning("%s cannot be read and is ignored: %s", data.settings, error)
        return remembered
    for fact in fields(Remembered):
        value = plain.get(fact.name) if isinstance(plain, dict) else None
        listed = isinstance(value, list) and all(isinstance(part, str) for part in value)
        kind = type(getattr(remembered, fact.name))
        if (kind is str and isinstance(value, str)) or (kind is list and listed):
            setattr(remembered, fact.name, value)
    return remembered


def save_remembered(remembered: Remembered, data: DataFolder) -> None:
    """Writes the facts; a disk that refuses is named in the log, for nothing of worth is lost."""
    import yaml

    from minigpt_tui.runs.atomic import write_atomic

    text = yaml.safe_dump(asdict(remembered), sort_keys=False, allow_unicode=True)
    try:
        data.root.mkdir(parents=True, exist_ok=True)
        write_atomic(data.settings, text.encode())
    except OSError as error:
        log.warning("%s cannot be written: %s", data.settings, error)
