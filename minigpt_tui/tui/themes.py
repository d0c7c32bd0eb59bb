"""The colours of the workbench. Blue and orange carry meaning: they stay apart for every eye."""

from __future__ import annotations

from textual.theme import Theme

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

THEMES = (DARK, LIGHT)
