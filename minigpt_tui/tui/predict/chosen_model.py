"""Which run's model a pane asks: that of this session, or one that is chosen in a dialog."""

from __future__ import annotations

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.predict.model_line import ModelLine
from minigpt_tui.tui.runs.run_choice import RunChoice


def run_of_session(pane: Pane) -> RunFolder | None:
    """The run that this session shows or trains, once it has a model."""
    workbench = pane.workbench
    job = workbench.session.job
    runs = (workbench.shown_run, None if job is None else job.run)
    return next((run for run in runs if run is not None and run.best.is_file()), None)


def choose_model(pane: Pane) -> None:
    """Asks for a run; the pane's `ModelLine` then reads its model."""
    workbench, line = pane.workbench, pane.query_one(ModelLine)

    def chosen(run: RunFolder | None) -> None:
        if run is not None and pane.is_mounted:
            workbench.shown_run = run
            line.read(run)

    current = None if line.model is None else line.model.run
    workbench.push_screen(RunChoice(workbench.data, current), chosen)
