"""What was typed while the workbench was busy: of several keys that turn panes the last counts.

A pane takes longer to come than a key that is held down. Without this, each of them would be shown
and taken down again before the one that somebody stopped at.
"""

from __future__ import annotations

from collections import deque

from textual.events import Event, Key, MouseDown, Paste
from textual.message import Message

from minigpt_tui.tui.actions import ACTIONS
from minigpt_tui.tui.keys.keymap import Keymap


class TypedAhead:
    """Follows what waits in the queue of the app, in its order."""

    def __init__(self, keymap: Keymap) -> None:
        self._turning = {
            key
            for action in ACTIONS
            if action.id.startswith("pane(") and action.priority  # others may be text
            for key in keymap.keys_of(action.name).split(",")
        }
        self._waiting: deque[Message] = deque()

    def add(self, message: Message) -> None:
        """Takes note of a message that is being put into the queue; called in any thread."""
        if _is_typed(message):
            self._waiting.append(message)

    def is_overtaken(self, event: Event) -> bool:
        """Whether another pane's key follows directly; to be asked once, of each event in turn."""
        if not _is_typed(event):
            return False
        while self._waiting and self._waiting.popleft() is not event:
            pass
        return self._turns(event) and bool(self._waiting) and self._turns(self._waiting[0])

    def _turns(self, message: Message) -> bool:
        return isinstance(message, Key) and message.key in self._turning


def _is_typed(message: Message) -> bool:
    """Whether somebody did it; what a widget hands up again was counted before."""
    return isinstance(message, Key | MouseDown | Paste) and not message.is_forwarded
