"""Where Tab goes: through the parts as one reads them, and to the lines between them last."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from minigpt_tui.tui.widgets.divider import Divider


class PaneScreen(Screen[None]):
    """The screen that the panes are in."""

    @property
    def focus_chain(self) -> list[Widget]:
        return sorted(super().focus_chain, key=lambda widget: isinstance(widget, Divider))
