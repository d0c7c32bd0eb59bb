"""The keys of the line between two parts of a pane."""

from __future__ import annotations

from textual.binding import Binding

FAR = 8
"""Columns."""


def _key(key: str, action: str, title: str, name: str, display: str = "") -> Binding:
    """A key that the footer shows if it has a `display`."""
    return Binding(
        key, action, title, show=bool(display), key_display=display or None, id=f"divider.{name}"
    )


DIVIDER_KEYS = [
    _key("left", "move(-1)", "Move the line", "left", "←→"),
    _key("right", "move(1)", "Move it right", "right"),
    _key("shift+left", f"move(-{FAR})", "Move it far left", "far_left"),
    _key("shift+right", f"move({FAR})", "Move it far right", "far_right"),
    _key("0", "reset", "As at first", "reset", "0"),
]
