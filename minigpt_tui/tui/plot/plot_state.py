"""What is remembered of a loss plot while the window is open: how it is looked at.

The workbench keeps it from its first moment on, so nothing heavy is imported here.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Part:
    """What is seen of the x axis, and of the y axis if it was chosen too."""

    lower: float
    upper: float
    follows: bool
    y: tuple[float, float] | None = None


@dataclass
class Look:
    """Kept by the workbench, so that a plot looks the same when one comes back to it."""

    kind: str = "step"
    log_x: bool = False
    log_y: bool = False
    span: int | None = None
    """Steps over which the loss is smoothed; None is automatic."""
    part: Part | None = None
    run: str = ""
    """The run of which a part is seen."""
    small_plots: bool | None = None
    """Shown or hidden by hand; None is shown where there is plenty of room."""
