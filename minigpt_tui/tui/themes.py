"""The colours of the workbench. Blue and orange carry meaning: they stay apart for every eye."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    name="minigpt-dark",
    primary="#5aa9e6",
    secondary="#7f8fa6",
    accent="#ff9f40",
    warning="#f2c14e",
    error="#ff6b6b",
    success="#5fd0a5",
    foreground="#d8dee9",
    background="#10141b",
    surface="#161c26",
    panel="#1f2733",
    dark=True,
    variables={"footer-key-foreground": "#5aa9e6", "border": "#2d3848"},
)

LIGHT = Theme(
    name="minigpt-light",
    primary="#1769aa",
    secondary="#5c6b80",
    accent="#b85c00",
    warning="#8a6100",
    error="#b3261e",
    success="#1b7a55",
    foreground="#1c2430",
    background="#f7f8fa",
    surface="#ffffff",
    panel="#e8ecf1",
    dark=False,
    variables={"footer-key-foreground": "#1769aa", "border": "#c4ccd6"},
)

CONTRAST = Theme(
    name="minigpt-contrast",
    primary="#7cc7ff",
    secondary="#c0c8d4",
    accent="#ffb000",
    warning="#ffd75f",
    error="#ff8080",
    success="#7fe0b4",
    foreground="#ffffff",
    background="#000000",
    surface="#0c0c0c",
    panel="#262626",
    dark=True,
    variables={"footer-key-foreground": "#7cc7ff", "border": "#8a94a3"},
)
"""For a projector, a bright room, or tired eyes."""


def _ansi(name: str, dark: bool) -> Theme:
    """A theme of the terminal's own 16 colours: it looks as its owner has set them."""
    return Theme(
        name=name,
        primary="ansi_bright_blue" if dark else "ansi_blue",
        secondary="ansi_cyan",
        accent="ansi_bright_yellow" if dark else "ansi_magenta",
        warning="ansi_yellow",
        error="ansi_red",
        success="ansi_green",
        foreground="ansi_default",
        background="ansi_default",
        surface="ansi_default",
        panel="ansi_default",
        boost="ansi_default",
        dark=dark,
        ansi=True,
        variables={
            **BUILTIN_THEMES["ansi-dark" if dark else "ansi-light"].variables,
            "border": "ansi_bright_black",
        },
    )


ANSI_DARK = _ansi("minigpt-ansi-dark", dark=True)
ANSI_LIGHT = _ansi("minigpt-ansi-light", dark=False)

THEMES = (DARK, LIGHT, CONTRAST, ANSI_DARK, ANSI_LIGHT)
