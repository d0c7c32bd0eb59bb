"""Which keys of the Runs pane apply: a key is there where it does something."""

from __future__ import annotations

from dataclasses import dataclass

from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.tui.actions import actions_of

OF_THE_SELECTED = {action.id for action in actions_of("runs")}
"""Keys that do nothing without a selected run; `applies` names those that need more."""


@dataclass(frozen=True)
class Situation:
    """All that the keys depend on; where it is as before, so are they."""

    selected: bool = False
    live: bool = False
    """Whether some process trains the selected run."""
    resumable: bool = False
    has_model: bool = False
    listed: bool = False
    """Whether there is any run."""
    deleted: bool = False
    """Whether a run can be brought back."""
    idle: bool = True
    """Whether nothing trains in this window."""
    serving: bool = False
    """Whether a model answers other programs."""


def situation(
    summary: RunSummary | None, *, listed: bool, deleted: bool, idle: bool, serving: bool
) -> Situation:
    """How things stand; `summary` is of the selected run."""
    return Situation(
        selected=summary is not None,
        live=summary is not None and summary.status.live,
        resumable=summary is not None and summary.resumable,
        has_model=summary is not None and summary.has_model,
        listed=listed,
        deleted=deleted,
        idle=idle,
        serving=serving,
    )


def applies(action: str, now: Situation) -> bool:
    """Whether an action of the pane does something now."""
    match action:
        case "undo_delete" | "empty_trash":
            return now.deleted
        case "filter_runs" | "sort_runs" | "reverse_runs":
            return now.listed
        case "resume_run":
            return now.resumable and now.idle
        case "train_on_run":
            return now.has_model and now.idle
        case "take_back_run":
            return now.live and now.idle
        case "stop_run" | "save_run":
            return now.live
        case "serve_run":
            return now.serving or now.has_model
        case "ask_run" | "export_run":
            return now.has_model
    return now.selected or action not in OF_THE_SELECTED
