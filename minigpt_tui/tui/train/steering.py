"""Steers the training of the run that is watched, in whatever process it runs."""

from __future__ import annotations

from collections.abc import Callable

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.training.extension import Extension
from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.train.run_watcher import RunWatcher
from minigpt_tui.tui.train.steer_dialog import Changes, Standing, SteerDialog

Resume = Callable[[RunFolder, Changes | None], None]
"""Goes on with a run in this window, with changes or as it was."""


class Steering:
    """What is asked of a training, and what of it is refused; `changed` draws what came of it."""

    def __init__(
        self, pane: Pane, watcher: RunWatcher, resume: Resume, changed: Callable[[], None]
    ) -> None:
        self.pane = pane
        self.watcher = watcher
        self.resume = resume
        self.changed = changed

    def ask(self, kind: str) -> bool:
        """Asks for one of `runs.requests.KINDS`; whether it could be asked for."""
        job = self.watcher.job
        run = self.watcher.run if job is None else job.run
        if run is None:
            return False
        try:
            self.watcher.session.ask(run, kind)
        except ValueError as error:
            self.pane.notify(str(error), title="Not asked", severity="warning", markup=False)
            return False
        self.changed()
        return True

    def stop(self) -> None:
        if self.watcher.elsewhere is not None:
            self.ask("stop")
        else:  # also one that is being prepared, and has no run yet
            self.watcher.session.stop()
            self.changed()

    def save(self) -> None:
        if self.ask("checkpoint"):
            words = "last_state.pt is written after the step in hand."
            self.pane.notify(words, title="Checkpoint", markup=False)

    def measure(self) -> None:
        """Asks for an evaluation: of the training of this process only."""
        if self.watcher.job is not None:
            self.watcher.job.control.request_evaluation()

    def change(self) -> None:
        """Asks for changes to the run: at once in a training, or on going on with it."""
        self.changed()  # the key may come while the screen rests
        view = self.watcher.view
        if view is None or view.info is None:
            return
        steps_per_epoch = max(1, view.info.steps_per_epoch)
        newest_lr = float(view.metrics[-1]["lr"]) if len(view.metrics) else None
        standing = Standing(
            view.run.name, newest_lr, view.status.epochs, view.status.step // steps_per_epoch
        )
        job, run = self.watcher.job, view.run

        def accept(changes: Changes) -> None:
            extension = Extension(**changes)  # type: ignore[arg-type]  # parsed by name
            if job is None or job.done.is_set():
                self.resume(run, changes)
            else:
                extension.check(view.status.step, steps_per_epoch)
                extension.ask(job.control, steps_per_epoch)
            self.changed()

        self.pane.app.push_screen(SteerDialog(standing, accept))
