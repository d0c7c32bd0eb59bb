"""The parts of a pane: what is shown alone, jumped to and copied as a whole."""

from __future__ import annotations

from textual.screen import Screen
from textual.widget import Widget

from minigpt_tui.tui.pane import Pane


def part_of(screen: Screen[object]) -> Widget | None:
    """The part with the focus: its innermost box, else what lies directly in the pane."""
    if screen.focused is None:
        return None
    outermost: Widget | None = None
    for widget in screen.focused.ancestors_with_self:
        if isinstance(widget, Pane) or not isinstance(widget, Widget):
            return outermost
        if widget.has_class("box"):
            return widget
        outermost = widget
    return None
