"""The keys of the loss plot."""

from __future__ import annotations

from textual.binding import Binding


def _key(keys: str, action: str, title: str, name: str, display: str = "") -> Binding:
    """A key that the footer shows if it has a `display`."""
    return Binding(
        keys,
        action,
        title,
        show=bool(display),
        key_display=display or None,
        id=f"loss_plot.{name}",
    )


PLOT_KEYS = [
    _key("left", "move_cursor(-1)", "Read", "left", "←→"),
    _key("right", "move_cursor(1)", "Read", "right"),
    _key("shift+left", "move_cursor(-10)", "Far left", "far_left"),
    _key("shift+right", "move_cursor(10)", "Far right", "far_right"),
    _key("home", "cursor_to_start", "First step", "home"),
    _key("end", "cursor_to_end", "Last step", "end"),
    _key("escape", "drop_cursor", "Drop", "drop", "esc"),
    _key("up", "zoom(1)", "Zoom", "zoom_in", "↑↓"),
    _key("down", "zoom(-1)", "Zoom out", "zoom_out"),
    _key("comma,left_square_bracket", "pan(-1)", "Pan", "pan_left", ",."),
    _key("full_stop,right_square_bracket", "pan(1)", "Pan right", "pan_right"),
    _key("f", "follow", "Follow", "follow", "f"),
    _key("w", "see_all", "All", "all", "w"),
    _key("x", "next_kind", "Axis", "kind", "x"),
    _key("l", "toggle_log", "Log", "log", "l"),
    _key("L", "toggle_log_x", "Log x axis", "log_x"),
    _key("plus,equals_sign", "smooth(1)", "Smooth", "smoother", "+-"),
    _key("minus", "smooth(-1)", "Rougher", "rougher"),
    _key("0", "smooth(0)", "Auto smooth", "auto"),
    _key("p", "toggle_small", "Small", "small", "p"),
]
