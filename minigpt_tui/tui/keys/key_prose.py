"""Keys in sentences: `‹train.start›` stands for the key that the action has now.

So a hint names the key that works, also where somebody has mapped another one.
"""

from __future__ import annotations

import re

from textual.content import Content
from textual.widget import Widget

from minigpt_tui.tui.keys.key_names import key_words
from minigpt_tui.tui.keys.keymap import Keymap

_MARK = re.compile(r"‹([a-z_.^]+)›")
"""A key that is nobody's to map stands for itself: `‹^p›`."""
_NAMES = {"␣": "space", "⏎": "enter"}
"""Signs that are for tables of keys, not for sentences."""
USUAL = Keymap({})


def with_keys(words: str, keymap: Keymap) -> str:
    """The sentence with its keys; a mark that names no action is part of a text, and stays."""
    return _MARK.sub(lambda mark: _key(mark[1], keymap) or mark[0], words)


def with_bold_keys(words: str, keymap: Keymap) -> Content:
    """The same, with the keys in the colour of keys."""
    parts: list[str | tuple[str, str]] = []
    at = 0
    for mark in _MARK.finditer(words):
        key = _key(mark[1], keymap)
        if key is not None:
            parts += [words[at : mark.start()], (key, "bold $primary")]
            at = mark.end()
    return Content.assemble(*parts, words[at:])


def keymap_of(widget: Widget) -> Keymap:
    """The keymap of the workbench that the widget is in; by itself a widget has the usual keys."""
    keymap = getattr(widget.app, "keymap", None)
    return keymap if isinstance(keymap, Keymap) else USUAL


def keys_in(widget: Widget, words: str) -> str:
    """The sentence with the keys of the workbench that the widget is in."""
    return with_keys(words, keymap_of(widget))


def _key(name: str, keymap: Keymap) -> str | None:
    if "." not in name:
        return name
    keys = keymap.find(name)
    if keys is None:
        return None
    key = key_words(keys)
    return _NAMES.get(key, key)
