"""Which keys of the Train pane apply: of those that share a key only one is bound and shown."""

from __future__ import annotations

from dataclasses import dataclass

from minigpt_tui.tui.train.run_watcher import RunWatcher


@dataclass(frozen=True)
class Situation:
    """All that the keys depend on; where it is as before, so are they."""

    active: bool
    """Whether this process trains, or prepares to."""
    training: bool = False
    """Whether it takes steps, or is paused between two."""
    paused: bool = False
    stopping: bool = False
    elsewhere: str | None = None
    """The state of the run that is shown, if another process trains it."""
    shown: bool = False
    """Whether there is a run to look at."""
    resumable: bool = False
    completed: bool = False
    refused: bool = False
    """Whether the last training ended before it began, and that is what is shown."""
    narrow: bool = False
    """Whether there is room for one side only, the form or the run."""
    run_side: bool = False
    """Whether the run is the side that is turned to."""


def situation(watcher: RunWatcher, *, refused: bool, narrow: bool, run_side: bool) -> Situation:
    """How things stand now, as far as the last look at the shown run knows."""
    job, view, elsewhere = watcher.job, watcher.view, watcher.elsewhere
    return Situation(
        active=job is not None,
        training=job is not None and job.phase == "training",
        paused=job is not None and job.control.paused,
        stopping=job is not None and job.control.stopping(),
        elsewhere=None if elsewhere is None else elsewhere.status.state,
        shown=view is not None,
        resumable=view is not None and view.resumable,
        completed=view is not None and view.status.state == "completed",
        refused=refused,
        narrow=narrow,
        run_side=run_side,
    )


def applies(action: str, now: Situation) -> bool:
    """Whether an action of the pane does something now."""
    match action:
        case "start":
            return not now.active
        case "queue_run":
            return now.active
        case "pause":
            if now.elsewhere is not None:
                return now.elsewhere != "paused"
            return now.training and not now.paused and not now.stopping
        case "go_on":
            if now.elsewhere is not None:
                return now.elsewhere == "paused"
            return now.paused and not now.stopping
        case "take_back":
            return now.elsewhere is not None
        case "resume":
            return now.resumable and not now.active
        case "stop":
            return now.elsewhere is not None or (now.active and not now.stopping)
        case "save_now":
            return now.elsewhere is not None or now.training
        case "measure_now":
            return now.training
        case "steer":
            if now.active:
                return now.training and not now.stopping
            return now.resumable or now.completed
        case "find_setting":
            return not (now.narrow and now.run_side)
        case "toggle_form":
            return now.narrow
        case "overlay_runs" | "export_plot":
            return now.shown
        case "dismiss":
            return now.refused and now.shown
    return True
