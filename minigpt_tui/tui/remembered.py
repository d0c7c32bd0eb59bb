"""What the workbench remembers between two starts: theme, sizes and last selections."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from minigpt_tui.paths import DataFolder
from minigpt_tui.tui.settings_file import as_written, read_settings, write_settings

log = logging.getLogger(__name__)
ON_HANGUP = ("background", "stop")


def entry(default: str, help: str, *, choices: tuple[str, ...] = ()) -> Any:
    """A field that says what it is."""
    return field(default=default, metadata={"help": help, "choices": choices})


@dataclass
class Remembered:
    """Small facts, all of them optional: a missing or damaged file only means a fresh start."""

    theme: str = entry("minigpt-dark", "The colours of the workbench; ctrl+p offers the others.")
    bell: str = entry(
        "on",
        "Whether the terminal's bell rings at the end of a training and at trouble.",
        choices=("on", "off"),
    )
    pane: str = entry("corpus", "The pane that was open last.")
    corpus: str = entry("sample_corpus", "The text that was chosen last.")
    level: str = entry("char", "What its tokens were: characters, words or pieces of words.")
    preset: str = entry("standard", "The preset that the form of the Train pane began with.")
    prompt: str = entry("I eat", "The prompt of the Predict pane.")
    sampler: str = entry("", "The samplers of the Predict pane, as its line shows them.")
    inspect_view: str = entry("attention", "The view of the Inspect pane.")
    inspect_source: str = entry(
        "", "The second prompt of the Inspect pane, from which activations are taken."
    )
    runs_sort: str = entry(
        "age", "The column that sorts the Runs pane; a minus before it is descending order."
    )
    runs_filter: str = entry("", "The filter of the Runs pane.")
    on_hangup: str = entry(
        "background",
        "What becomes of a training when the connection to the terminal drops: background hands it "
        "to a process of its own, stop saves and stops it. To be set in the file by hand.",
        choices=ON_HANGUP,
    )
    recent_texts: list[str] = field(
        default_factory=list,
        metadata={"help": "Paths of the texts that were opened from the disk, the newest first."},
    )
    sizes: dict[str, int] = field(
        default_factory=dict,
        metadata={"help": "Columns or rows of what a divider was moved for, by its name."},
    )


@dataclass(frozen=True)
class Described:
    """What is known about an entry of the file."""

    help: str
    default: Any
    choices: tuple[str, ...]


def described() -> dict[str, Described]:
    """Every entry that `settings.yaml` may have, by its name."""
    defaults = asdict(Remembered())
    found = {
        this.name: Described(
            this.metadata["help"], defaults[this.name], this.metadata.get("choices", ())
        )
        for this in fields(Remembered)
    }
    keys = "Other keys for actions, a line each, such as `train.start: ctrl+r`; see docs/keys.md."
    return {**found, "keys": Described(keys, {}, ())}


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
