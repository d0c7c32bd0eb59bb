"""Writes the page of all keys from the registry of actions: `python -m docs.keys`."""

from __future__ import annotations

from pathlib import Path

from minigpt_tui.tui.actions import ACTIONS, Action
from minigpt_tui.tui.keys.keymap import WIDGETS, mappable_actions

TARGET = Path(__file__).with_suffix(".md")
HEAD = """\
# Keys

Written from the registry of actions by `python -m docs.keys`.

Every action has a name. In `settings.yaml`, in the data folder, it can have other keys:

```yaml
keys:
  train.start: ctrl+r
  corpus.train_corpus: [y, f11]
```

What cannot be taken up (an unknown name, no such key, a key that something else has) is said at
the start, and the action keeps its own keys. Keys of one pane may be those of another. Actions
that also work inside text fields need a function key or ctrl and a letter. Tab, Escape, ctrl+p
(the palette) and ctrl+c (copy) stay what they are.
"""
SCOPES = {
    "app": "Everywhere",
    "loss_plot": "In the loss plot",
    "divider": "On a line between two parts",
}


def page() -> str:
    """The whole page, in Markdown."""
    parts = [HEAD]
    for scope in dict.fromkeys(action.scope for action in ACTIONS):
        rows = [_row(action) for action in ACTIONS if action.scope == scope]
        parts.append(_table(SCOPES.get(scope, f"In {scope.capitalize()}"), rows))
    for scope in WIDGETS:
        found = mappable_actions([scope]).items()
        rows = [(n, ", ".join(a.keys), a.title) for n, a in found if a.scope == scope]
        parts.append(_table(SCOPES[scope], rows))
    return "\n".join(parts)


def _row(action: Action) -> tuple[str, str, str]:
    return action.name, action.keys.replace(",", ", "), f"{action.title}: {action.help}"


def _table(title: str, rows: list[tuple[str, str, str]]) -> str:
    lines = [f"| `{name}` | `{keys}` | {words} |" for name, keys, words in rows]
    return "\n".join(
        [f"## {title}", "", "| name | keys | what it does |", "| --- | --- | --- |", *lines, ""]
    )


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
    print(f"wrote {TARGET}")
