"""The command palette: every action that works now, by its name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import TYPE_CHECKING

from textual.app import SystemCommand
from textual.containers import Container

from minigpt_tui.tui.actions import ACTIONS, Action
from minigpt_tui.tui.keys.key_names import key_words

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench


def palette_commands(app: Workbench) -> Iterator[SystemCommand]:
    """The themes, then the actions of the workbench and of its visible pane, with their keys."""
    yield SystemCommand("Theme", "Change the colours", app.action_change_theme)
    for action in ACTIONS:
        if action.scope in ("app", app.pane_name) and not action.is_alias:
            key = key_words(app.keymap.keys_of(action.name))
            yield SystemCommand(action.title, f"{action.help}  {key}", _runner(app, action))


def _runner(app: Workbench, action: Action) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        pane = app.query_one("#pane", Container).children[0]
        await app.run_action(action.id, app if action.scope == "app" else pane)

    return run
