"""Keys by their names: as people write them, as Textual calls them, as the screen shows them."""

from __future__ import annotations

import unicodedata

from textual.keys import KEY_NAME_REPLACEMENTS, Keys, format_key

_SIGNS = {"slash": "/", "enter": "⏎", "space": "␣", "delete": "del"}
_MODIFIERS = ("ctrl", "shift", "alt", "super", "meta", "hyper")
_NAMED = {key.value for key in Keys if "+" not in key.value and "<" not in key.value}


def key_words(keys: str) -> str:
    """The first of some keys as a person reads it: `F2`, `^q`, `␣`."""
    key = keys.split(",")[0].strip()
    if key.startswith("ctrl+"):
        return "^" + key.removeprefix("ctrl+")
    if key in _SIGNS:
        return _SIGNS[key]
    return key.upper() if key[0] == "f" and key[1:].isdigit() else format_key(key)


def normal_key(key: str) -> str:
    """A key as Textual names it: `/` is slash, `Ctrl+Y` is ctrl+y; a capital letter stays one."""
    *modifiers, last = key.strip().split("+") if key.strip() != "+" else ["+"]
    if len(last) == 1 and not last.isalnum():
        last = unicodedata.name(last, last).lower().replace("-", "_").replace(" ", "_")
        last = KEY_NAME_REPLACEMENTS.get(last, last)
    elif len(last) > 1 or modifiers:
        last = last.lower()
    return "+".join([*(modifier.strip().lower() for modifier in modifiers), last])


def key_exists(key: str) -> bool:
    """Whether a key, named as Textual does, is one that a terminal can send."""
    *modifiers, last = key.split("+")
    if any(modifier not in _MODIFIERS for modifier in modifiers):
        return False
    if len(last) == 1:
        return last.isprintable()
    if last in _NAMED or last in KEY_NAME_REPLACEMENTS.values():
        return True
    try:
        unicodedata.lookup(last.replace("_", " "))
    except KeyError:
        return False
    return True


def passes_text_fields(key: str) -> bool:
    """Whether a key types nothing, so that it can mean something inside a text field too."""
    *modifiers, last = key.split("+")
    return "ctrl" in modifiers or "alt" in modifiers or (last[0] == "f" and last[1:].isdigit())
