"""The keys that somebody wants for actions: the entry `keys` of `settings.yaml`.

    keys:
      train.start: ctrl+r
      corpus.train_corpus: [y, f5]

What cannot be taken up is left out and said in a sentence; the other entries count.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from textual.binding import Binding

from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.actions import ACTIONS
from minigpt_tui.tui.keys.divider_keys import DIVIDER_KEYS
from minigpt_tui.tui.keys.key_names import key_exists, normal_key, passes_text_fields
from minigpt_tui.tui.keys.plot_keys import PLOT_KEYS
from minigpt_tui.tui.settings_file import read_settings

RESERVED = {
    "tab": "moves the focus",
    "shift+tab": "moves the focus",
    "escape": "leaves what is open",
    "ctrl+i": "arrives as Tab",
    "ctrl+m": "arrives as Enter",
    "ctrl+h": "arrives as Backspace",
    "ctrl+p": "opens the palette",
    "ctrl+c": "copies",
}
WIDGETS = {"loss_plot": PLOT_KEYS, "divider": DIVIDER_KEYS}
"""Widgets with keys of their own that can be mapped."""
_USUAL = {binding.id: binding.key for keys in WIDGETS.values() for binding in keys} | {
    action.name: action.keys for action in reversed(ACTIONS)
}
"""By name, the keys of what nobody has mapped; of actions with one name the first counts."""


@dataclass(frozen=True)
class Keymap:
    """`keys` holds, by the action's name, keys joined by commas; `problems` are sentences."""

    keys: Mapping[str, str]
    problems: tuple[str, ...] = ()

    def keys_of(self, name: str) -> str:
        """The keys of an action as they are now, with those that nobody changed."""
        keys = self.find(name)
        assert keys is not None, name
        return keys

    def find(self, name: str) -> str | None:
        """The same; None if there is no such action."""
        return self.keys.get(name) or _USUAL.get(name)


@dataclass(frozen=True)
class Mappable:
    """What the keymap may speak of: an action's keys, or a widget's."""

    scope: str
    title: str
    keys: tuple[str, ...]
    in_text_fields: bool


def load_keymap(data: DataFolder) -> Keymap:
    """The keymap of the settings file; one that cannot be read is a problem, too."""
    try:
        return read_keymap(read_settings(data).get("keys"))
    except ValueError as error:
        return Keymap({}, (str(error),))


def read_keymap(entry: Any) -> Keymap:
    """What the entry `keys` asks for; `entry` is what YAML made of it, or None."""
    if entry is None:
        return Keymap({})
    if not isinstance(entry, dict):
        return Keymap({}, ("keys: write each on a line of its own, as train.start: ctrl+r.",))
    mappable = mappable_actions(str(name).partition(".")[0] for name in entry)
    wanted: dict[str, tuple[str, ...]] = {}
    problems = []
    for name, value in entry.items():
        try:
            action = _find(str(name), mappable)
            wanted[str(name)] = _keys(str(name), value, action)
        except ValueError as error:
            problems.append(str(error))
    while collision := _collision(wanted, mappable):
        name, key, other = collision
        del wanted[name]
        kept = ", ".join(mappable[name].keys)
        problems.append(
            f"keys: {key} belongs to {other} ({mappable[other].title}), so {name} keeps {kept}."
        )
    return Keymap({name: ",".join(keys) for name, keys in wanted.items()}, tuple(problems))


def mappable_actions(scopes: Iterable[str]) -> dict[str, Mappable]:
    """Every action by its name, and those of the widgets among `scopes`."""
    found: dict[str, Mappable] = {}
    for action in ACTIONS:
        keys = tuple(normal_key(key) for key in action.keys.split(","))
        found.setdefault(action.name, Mappable(action.scope, action.title, keys, action.priority))
    for scope in set(scopes) & set(WIDGETS):
        for binding in Binding.make_bindings(WIDGETS[scope]):
            if binding.id is not None:
                before = found.get(binding.id)
                keys = (*(before.keys if before else ()), binding.key)
                found[binding.id] = Mappable(scope, binding.description, keys, False)
    return found


def _find(name: str, mappable: Mapping[str, Mappable]) -> Mappable:
    if name in mappable:
        return mappable[name]
    near = difflib.get_close_matches(name, mappable, n=1)
    hint = f"Did you mean {near[0]}?" if near else "docs/keys.md lists them."
    raise ValueError(f"keys: there is no action {visible(name)}. {hint}")


def _keys(name: str, value: Any, action: Mappable) -> tuple[str, ...]:
    """The keys that somebody wrote, as Textual names them."""
    listed = value if isinstance(value, list) else str(value).split(",")
    keys = tuple(normal_key(str(key)) for key in listed if str(key).strip())
    if not keys or value is None:
        raise ValueError(f"keys: {name} has no key; write one, or leave the line out.")
    for key in keys:
        if not key_exists(key):
            raise ValueError(
                f"keys: {visible(key)} is not a key, so {name} keeps {', '.join(action.keys)}. "
                "Write keys as y, ctrl+r, f11, space or slash."
            )
        if key in RESERVED:
            raise ValueError(f"keys: {key} {RESERVED[key]}, so {name} cannot have it.")
        if action.in_text_fields and not passes_text_fields(key):
            raise ValueError(
                f"keys: {name} works inside text fields too, so it needs a function key or "
                f"ctrl and a letter, not {key}."
            )
    return keys


def _collision(
    wanted: dict[str, tuple[str, ...]], mappable: Mapping[str, Mappable]
) -> tuple[str, str, str] | None:
    """A wish, its key, and the action that has that key where the wish would work; or None."""
    for name in reversed(wanted):
        for key in wanted[name]:
            for other, action in mappable.items():
                meet = action.scope == mappable[name].scope or "app" in (
                    action.scope,
                    mappable[name].scope,
                )
                if other != name and meet and key in wanted.get(other, action.keys):
                    return name, key, other
    return None
