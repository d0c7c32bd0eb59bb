"""The workbench's frame: header, one visible pane, footer; starting and leaving.

Panes live in `panes/`, a file each, and find what they share here: the data folder, the training
session, the configuration that the form edits, and what is remembered between two starts.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widgets import Footer
from textual.worker import Worker

from minigpt_tui.config import RunConfig, check_setting, load_preset, preset_names, with_settings
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.tui.actions import ACTIONS, bindings
from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.remembered import Remembered, load_remembered, save_remembered
from minigpt_tui.tui.session import TrainingSession
from minigpt_tui.tui.themes import DARK, THEMES
from minigpt_tui.tui.widgets.header import Header

log = logging.getLogger(__name__)

PANES = ("corpus", "train", "predict", "inspect", "runs")


class Workbench(App[None]):
    """The application. Exits with `return_code` 0 unless something went wrong."""

    TITLE = "minigpt-tui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual's type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012

    def __init__(self, data: DataFolder) -> None:
        super().__init__()
        self.data = data
        self.session = TrainingSession(data)
        self.remembered: Remembered = load_remembered(data)
        self.config: RunConfig = self._first_config()
        """What the form holds; the panes replace it as a whole."""
        self.shown_run: RunFolder | None = None
        """The run that the Train pane draws and that Predict asks first."""
        self.offered_run: RunFolder | None = None
        """An interrupted run that was offered at the start; the Runs pane selects it once."""
        self.pane_name = ""

    def compose(self) -> ComposeResult:
        yield Header(PANES)
        yield Container(id="pane")
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        known = self.remembered.theme in self.available_themes
        self.theme = self.remembered.theme if known else DARK.name
        await self.action_pane(self.remembered.pane if self.remembered.pane in PANES else PANES[0])
        self.run_worker(self._offer_interrupted, name="offer", thread=True, exit_on_error=False)

    async def action_pane(self, name: str) -> None:
        """Shows a pane. Only the visible one is mounted, so that the others cost nothing."""
        if name == self.pane_name:
            return
        self.pane_name = self.remembered.pane = name
        place = self.query_one("#pane", Container)
        await place.remove_children()
        pane = self._build_pane(name)
        await place.mount(pane)
        self.query_one(Header).show_pane(name)
        pane.focus_first()

    def start_training(self, name: str | None = None) -> None:
        """Trains a new run with the form's configuration, in the worker thread."""
        self._start(lambda: self.session.new(self.config, name))

    def resume_training(
        self, run: RunFolder, changes: Mapping[str, int | float] | None = None
    ) -> None:
        """Goes on with a run in the worker thread; with `changes` also beyond its end."""
        self._start(lambda: self.session.resumed(run, changes))

    def action_leave(self) -> None:
        if not self.session.active:
            self.exit()
            return
        from minigpt_tui.tui.leave import LeaveDialog

        def answered(stop: bool | None) -> None:
            if stop:
                self.session.stop()
                self.exit()

        self.push_screen(LeaveDialog(), answered)

    async def action_quit(self) -> None:
        """The palette's and Textual's own way out takes the same door."""
        self.action_leave()

    def action_help(self) -> None:
        from minigpt_tui.tui.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen(self.pane_name))

    def action_screenshot_svg(self) -> None:
        folder = self.data.root / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        self.deliver_screenshot(path=str(folder))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers: themes, and the actions that work now."""
        yield from (
            SystemCommand("Theme", "Change the colours", self.action_change_theme),
            SystemCommand("Copy selection", "Copy the selected text", screen.action_copy_text),
        )
        for action in ACTIONS:
            if action.scope in ("app", self.pane_name) and action.help[:8] != "The same":
                yield SystemCommand(
                    action.title, f"{action.help}  {action.key_display}", self._runner(action.id)
                )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says how a training ended, whichever pane is open then."""
        if event.worker.name == "training" and event.worker.is_finished and self.session.job:
            from minigpt_tui.tui.ending import announce_end

            announce_end(self, self.session.job)

    def remember(self) -> None:
        """Keeps theme and selections for the next start."""
        self.remembered.theme = self.theme
        save_remembered(self.remembered, self.data)

    def _start(self, make: Callable[[], Callable[[], None]]) -> None:
        try:
            work = make()
        except ValueError as error:
            self.notify(str(error), title="Not started", severity="warning", markup=False)
            return
        # The worker belongs to the app: a pane's workers die with the pane.
        self.run_worker(work, name="training", thread=True, exit_on_error=False)

    def _offer_interrupted(self) -> None:
        """Looks in a thread, after the first paint, for what an earlier session left behind."""
        from minigpt_tui.tui.interrupted import (
            announce_interrupted,
            empty_old_trash,
            interrupted_runs,
        )

        empty_old_trash(self.data)
        found = interrupted_runs(self.data)
        if found:
            self.offered_run = found[0][0]
            self.call_later(announce_interrupted, self, found)

    def _runner(self, action_id: str) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            pane = self.query_one("#pane", Container).children[0]
            await self.run_action(action_id, default_namespace=pane)

        return run

    def _build_pane(self, name: str) -> Pane:
        if name == "train":
            from minigpt_tui.tui.panes.train import TrainPane

            return TrainPane()
        if name == "predict":
            from minigpt_tui.tui.panes.predict import PredictPane

            return PredictPane()
        if name == "inspect":
            from minigpt_tui.tui.panes.inspect import InspectPane

            return InspectPane()
        if name == "runs":
            from minigpt_tui.tui.panes.runs import RunsPane

            return RunsPane()
        from minigpt_tui.tui.panes.corpus import CorpusPane

        return CorpusPane()

    def _first_config(self) -> RunConfig:
        preset = self.remembered.preset
        config = load_preset(preset if preset in preset_names() else "standard")
        try:
            level = check_setting("level", self.remembered.level)
            corpus = check_setting("corpus", self.remembered.corpus)
        except ValueError as error:
            log.warning("%s is not taken up: %s", self.data.settings, error)
            return config
        return with_settings(config, {"corpus": corpus, "level": level})
