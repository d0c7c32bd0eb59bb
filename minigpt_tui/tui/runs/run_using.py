"""What the Runs pane has a run do: shown and asked in other panes, served, trained on, stopped."""

from __future__ import annotations

from collections.abc import Mapping

from minigpt_tui.runs.folder import RunFolder, read_config
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.runs.run_keeping import RunKeeping
from minigpt_tui.tui.runs.serving import Serving
from minigpt_tui.tui.runs.training_on import config_of_training_on


class RunUsing:
    """Goes to the pane where what was asked for is seen; says so where it cannot be done."""

    def __init__(self, pane: Pane, keeping: RunKeeping) -> None:
        self.workbench = pane.workbench
        self.keeping = keeping

    async def show(self, run: RunFolder) -> None:
        """Its curves, in Train."""
        session = self.workbench.session
        if session.active and not session.trains(run):
            self.keeping.say("Train shows the training that runs in this window, until it ends.")
            return
        self.workbench.shown_run, self.workbench.run_first = run, True
        await self.workbench.action_pane("train")

    async def overlay(self, run: RunFolder, marked: RunFolder | None) -> None:
        """Shows the run with the marked one over it; a training here keeps its place, and both
        are laid over that."""
        job = self.workbench.session.job if self.workbench.session.active else None
        below, above = (run, [marked]) if job is None else (job.run, [marked, run])
        others = [other for other in above if other is not None and other != below]
        if not others:
            self.keeping.say(
                "Mark another run with ‹runs.mark_run› first; ‹runs.overlay_run› lays it over "
                "this one."
            )
        elif self.keeping.attempt(lambda: self.workbench.overlays.add(*others), "Not laid over"):
            self.workbench.shown_run = run
            await self.workbench.action_pane("train")

    async def ask(self, run: RunFolder) -> None:
        """Its best model, in Predict."""
        self.workbench.shown_run = run
        await self.workbench.action_pane("predict")

    def serve(self, run: RunFolder | None) -> None:
        """Has the model of `run` answer other programs, or shows which one does."""
        from minigpt_tui.tui.runs.serving_dialog import ServingDialog

        serving = self.workbench.serving
        if serving is None or not serving.running:
            if run is None:
                return
            serving = self.workbench.serving = Serving(run, self.workbench.data)
            serving.start()
        self.workbench.push_screen(ServingDialog(serving))

    async def resume(self, run: RunFolder) -> None:
        """Goes on with it in this window."""
        self.workbench.shown_run = run
        self.workbench.trainings.resume(run)
        if self.workbench.session.active:
            await self.workbench.action_pane("train")

    def train_on(self, run: RunFolder) -> None:
        """Asks for a text, and trains a new run on it that begins with this one's weights."""
        from minigpt_tui.tui.runs.train_on_dialog import TrainOnDialog

        workbench = self.workbench
        try:
            theirs = read_config(run)
        except ValueError as error:
            self.keeping.say(str(error), "Not trained on", "warning")
            return

        def accept(typed: Mapping[str, str]) -> None:
            config = config_of_training_on(theirs, typed)
            workbench.trainings.start(config, start_from=run)

        async def answered(begun: bool | None) -> None:
            if begun and workbench.session.active:
                await workbench.action_pane("train")

        workbench.push_screen(TrainOnDialog(run.name, theirs, accept), answered)

    async def take_back(self, run: RunFolder) -> None:
        """Goes on here with what another process trains."""
        self.workbench.shown_run = run
        await self.workbench.action_pane("train")
        self.workbench.trainings.take_back(run)

    def stop(self, run: RunFolder) -> None:
        self._ask(run, "stop", "It stops after its step and saves.")

    def save(self, run: RunFolder) -> None:
        self._ask(run, "checkpoint", "It saves now.")

    def _ask(self, run: RunFolder, kind: str, words: str) -> None:
        session = self.workbench.session
        if self.keeping.attempt(lambda: session.ask(run, kind), "Not asked"):
            asked = "" if session.trains(run) else "Its process was asked. "
            self.keeping.say(asked + words, visible(run.name))
