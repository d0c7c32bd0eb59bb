"""Exports the selected run's best model while the workbench goes on, and says where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from textual.worker import get_current_worker

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.safe import visible

if TYPE_CHECKING:
    from minigpt_tui.tui.app import Workbench

SHOWN_SECONDS = 15.0
"""Time enough to read a path."""


def export_run(app: Workbench, run: RunFolder) -> None:
    """Writes it in a process of its own. The worker is the app's: it outlives the pane."""
    shown = visible(run.name)

    def say_at_last(
        words: str, title: str, severity: Literal["information", "warning"] = "information"
    ) -> None:
        app.notify(
            visible(words), title=title, severity=severity, timeout=SHOWN_SECONDS, markup=False
        )

    def export() -> None:
        from minigpt_tui.jobs.export_process import export_beside
        from minigpt_tui.text.cancel import CancelledError

        worker = get_current_worker()
        try:
            written = export_beside(run, app.data, lambda: worker.is_cancelled)
        except ValueError as error:
            app.call_later(say_at_last, str(error), f"{shown} is not exported", "warning")
        except CancelledError:
            return  # the workbench is being left
        else:
            app.call_later(say_at_last, str(written), f"{shown} is exported")

    app.notify("It takes some seconds.", title=f"{shown} is being exported", markup=False)
    app.run_worker(export, name="export", group="export", thread=True, exit_on_error=False)
