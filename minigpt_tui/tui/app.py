"""The workbench's frame: header, one visible pane, footer; starting and leaving.

Panes live in `panes/`, a file each, and find what they share here: the data folder, the training
session, the configuration that the form edits, and what is remembered between two starts.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import Screen
from textual.widget import Widget
from textual.worker import Worker

from minigpt_tui.config import RunConfig, check_setting, load_preset, preset_names, with_settings
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.actions import ACTIONS, Action, bindings, key_words
from minigpt_tui.tui.chosen_runs import ChosenRuns
from minigpt_tui.tui.composing import Composition
from minigpt_tui.tui.keymap import Keymap, read_keymap
from minigpt_tui.tui.letting_go import Footer, let_go_of_removed_widgets
from minigpt_tui.tui.pane import Pane
from minigpt_tui.tui.remembered import Remembered, load_remembered, save_remembered
from minigpt_tui.tui.run_queue import RunQueue, WaitingRun, save_queue, take_saved_queue
from minigpt_tui.tui.session import TrainingSession
from minigpt_tui.tui.settings_file import read_settings
from minigpt_tui.tui.themes import DARK, THEMES
from minigpt_tui.tui.tour import Tour
from minigpt_tui.tui.widgets.header import Header
from minigpt_tui.tui.widgets.plot_state import Look

if TYPE_CHECKING:
    from minigpt_tui.tui.hand_over import HandOver
    from minigpt_tui.tui.serving import Serving

log = logging.getLogger(__name__)

FINDINGS_SECONDS = 0.5
PANES = ("corpus", "train", "predict", "inspect", "runs")


class Workbench(App[None]):
    """The application. Exits with `return_code` 0 unless something went wrong."""

    TITLE = "minigpt-tui"
    CSS_PATH = "app.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("app")]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - Textual's type
    VERTICAL_BREAKPOINTS = [(0, "-short"), (36, "-tall")]  # noqa: RUF012

    NOTIFICATION_TIMEOUT = 4
    ALLOW_IN_MAXIMIZED_VIEW = "Header, Footer, Tour"

    def __init__(self, data: DataFolder, *, with_tour: bool = False) -> None:
        """`with_tour` shows the tour at the start; somebody can call for it at any time."""
        super().__init__()
        self.data = data
        self._with_tour = with_tour
        self._findings_said: tuple[object, int] = (None, 0)
        """The training whose findings were announced, and how many of them."""
        self._enlarged_before = False
        self.keymap, self._settings_problems = self._read_keymap()
        self.set_keymap(self.keymap.keys)
        self.session = TrainingSession(data)
        self.queue = RunQueue()
        self.remembered: Remembered = load_remembered(data)
        self.config: RunConfig = self._first_config()
        """What the form holds; the panes replace it as a whole."""
        self.shown_run: RunFolder | None = None
        """The run that the Train pane draws and that Predict asks first."""
        self.run_first = False
        """Whether Train opens on the run, where there is no room for the settings beside it."""
        self.offered_run: RunFolder | None = None
        """An interrupted run that was offered at the start; the Runs pane selects it once."""
        self.look = Look()
        """How the loss plot is looked at: scales, zoom, smoothing."""
        self.overlays = ChosenRuns()
        """The runs that lie over the one that the Train pane draws."""
        self.hand_over: HandOver | None = None
        """The newest hand-over of a training to the background, also one that has failed."""
        self.serving: Serving | None = None
        """The newest model that other programs ask, or were asking."""
        self.compositions: dict[str, Composition] = {}
        """What was written in Predict, by the digest of the vocabulary; panes come and go."""
        self.pane_name = ""

    def compose(self) -> ComposeResult:
        yield Header(PANES, self.keymap)
        yield Container(id="pane")
        if self._with_tour:
            yield self._tour()
        yield Footer(show_command_palette=False)

    async def on_mount(self) -> None:
        for theme in THEMES:
            self.register_theme(theme)
        known = self.remembered.theme in self.available_themes
        self.theme = self.remembered.theme if known else DARK.name
        await self.action_pane(self.remembered.pane if self.remembered.pane in PANES else PANES[0])
        self.run_worker(self._offer_interrupted, name="offer", thread=True, exit_on_error=False)
        self.set_interval(FINDINGS_SECONDS, self._announce_findings)
        self.call_after_refresh(self._name_settings_problems)

    def on_unmount(self) -> None:
        if self.serving is not None:
            self.serving.stop()

    def on_ready(self) -> None:
        if not self.is_headless and sys.platform != "win32":
            from minigpt_tui.tui.suspending import suspend_between_events

            suspend_between_events(self)

    async def action_pane(self, name: str) -> None:
        """Shows a pane. Only the visible one is mounted, so that the others cost nothing."""
        if name == self.pane_name:
            return
        self.pane_name = self.remembered.pane = name
        self.screen.minimize()
        place = self.query_one("#pane", Container)
        for turned in place.query_children(Pane):
            turned.leaving = True
        await place.remove_children()
        let_go_of_removed_widgets(self.screen)
        pane = self._build_pane(name)
        await place.mount(pane)
        self.query_one(Header).show_pane(name)
        for tour in self.query(Tour):
            tour.show_pane(name)
        pane.focus_first()

    def start_training(self, name: str | None = None) -> None:
        """Trains a new run with the form's configuration, in the worker thread."""
        self._start(lambda: self.session.new(self.config, name))

    def resume_training(
        self, run: RunFolder, changes: Mapping[str, int | float] | None = None
    ) -> None:
        """Goes on with a run in the worker thread; with `changes` also beyond its end."""
        self._start(lambda: self.session.resumed(run, changes))

    def show_run(self, run: RunFolder) -> None:
        """Another run is the one that is looked at."""
        self.shown_run = run
        for pane in self.query_one("#pane", Container).query_children(Pane):
            pane.follow(run)

    def take_back(self, run: RunFolder) -> None:
        """Has the process that trains the run stop, and goes on with it here once it has saved."""
        from minigpt_tui.tui.take_back import TakeBackDialog

        def answered(free: bool | None) -> None:
            if free:
                self.resume_training(run)

        self.push_screen(TakeBackDialog(run), answered)

    def action_leave(self) -> None:
        from minigpt_tui.tui.leave import Answer, LeaveDialog

        if isinstance(self.screen, LeaveDialog):
            return
        job = self.session.job
        if not self.session.active or job is None:
            self.exit()
            return

        held = self.queue.held

        def answered(answer: Answer | None) -> None:
            if answer in ("resume", None):
                self.queue.held = held
            if answer == "resume" and job.run is not None:
                self.resume_training(job.run)
            elif answer in ("stop", "leave"):
                self.session.stop()
                self.exit()

        self.push_screen(LeaveDialog(self.session, self.begin_hand_over), answered)

    @property
    def handing_over(self) -> bool:
        return self.hand_over is not None and not self.hand_over.done.is_set()

    def begin_hand_over(self) -> HandOver:
        """Has the training go on in the background; the app's own thread carries it to its end."""
        from minigpt_tui.tui.hand_over import HandOver

        self.queue.held = True  # the end of this training here must not begin the next
        self.hand_over = HandOver(self.session)
        self.run_worker(self.hand_over.work, name="hand-over", thread=True, exit_on_error=False)
        return self.hand_over

    async def action_quit(self) -> None:
        """The palette's and Textual's own way out takes the same door."""
        self.action_leave()

    def action_help(self) -> None:
        from minigpt_tui.tui.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.pop_screen()
        else:
            self.push_screen(HelpScreen(self.pane_name, self.keymap, self.focused))

    async def action_tour(self) -> None:
        """Shows the tour, or hides it."""
        if self.query(Tour):
            await self.query(Tour).remove()
        else:
            await self.screen.mount(self._tour(), after="#pane")

    def action_jump(self) -> None:
        from minigpt_tui.tui.jump import JumpScreen, jump_targets

        def chosen(widget: Widget | None) -> None:
            if widget is not None:
                widget.focus()

        if len(self.screen_stack) == 1:
            keys = self.keymap.keys_of("app.jump")
            self.push_screen(JumpScreen(jump_targets(self.screen), keys), chosen)

    def action_enlarge(self) -> None:
        """Shows the part with the focus alone, or all parts again."""
        from minigpt_tui.tui.parts import part_of

        if self.screen.maximized is not None:
            self.screen.minimize()
        elif len(self.screen_stack) == 1:
            self.screen.maximized = part_of(self.screen)
            if not self._enlarged_before and self.screen.maximized is not None:
                self._enlarged_before = True
                key = key_words(self.keymap.keys_of("app.enlarge"))
                self.notify(f"Esc or {key} shows all parts again.", timeout=3, markup=False)

    def action_copy_part(self) -> None:
        from minigpt_tui.tui.copying import text_to_copy

        text = text_to_copy(self.screen)
        if text.strip():
            self.copy_to_clipboard(text)
        else:
            self.notify("There is no text in this part.", title="Nothing copied", markup=False)

    def copy_to_clipboard(self, text: str) -> None:
        """Every way to copy comes through here: this part, a selection, a text field."""
        from minigpt_tui.tui.copying import keep_copy

        super().copy_to_clipboard(text)
        keep_copy(self, self.data, text)

    def action_screenshot_svg(self) -> None:
        """Textual says where the picture is, once it is written."""
        folder = self.data.root / "screenshots"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            self.notify(f"{folder}: {error.strerror}.", title="No picture", markup=False)
            return
        self.deliver_screenshot(path=str(folder))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the palette offers: themes, and the actions that work now."""
        yield SystemCommand("Theme", "Change the colours", self.action_change_theme)
        for action in ACTIONS:
            if action.scope in ("app", self.pane_name) and not action.is_alias:
                key = key_words(self.keymap.keys_of(action.name))
                yield SystemCommand(action.title, f"{action.help}  {key}", self._runner(action))

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says how a training ended, whichever pane is open then."""
        if event.worker.name == "training" and event.worker.is_finished and self.session.job:
            from minigpt_tui.tui.ending import announce_end

            job = self.session.job
            announce_end(self, job)
            if job.run is None and job.error and self.queue.waiting:
                # Where nothing else begins, the Train pane says so.
                sentence = visible(job.error)
                self.notify(sentence, title="Not started", severity="warning", markup=False)
            self.start_next()

    def start_next(self) -> None:
        """Begins the first run of the queue, unless there is none or the queue is held."""
        if (waiting := self.queue.take()) is not None:
            self.notify(waiting.title, title="Next in the queue", markup=False)
            self._start(lambda: self.session.new(waiting.config, None))

    def exit(self, *arguments: Any, **keywords: Any) -> None:
        """Nothing of the queue begins on the way out."""
        self.queue.held = True
        super().exit(*arguments, **keywords)

    def bell(self) -> None:
        """Rings the terminal's bell, unless the setting `bell` is off."""
        if self.remembered.bell != "off":
            super().bell()

    def get_key_display(self, binding: Binding) -> str:
        """Keys read the same in the footer as in help and palette, mapped or not."""
        return binding.key_display or key_words(binding.key)

    def remember(self) -> None:
        """Keeps theme, selections and what is queued for the next start.

        Before the first pane nothing has been chosen: a window that goes so early changes nothing.
        """
        if not self.pane_name:
            return
        save_queue(self.queue, self.data)
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
        from minigpt_tui.tui.elsewhere import announce_elsewhere, runs_elsewhere
        from minigpt_tui.tui.interrupted import (
            announce_interrupted,
            empty_old_trash,
            interrupted_runs,
        )

        if queued := take_saved_queue(self.data):
            self.call_later(self._take_up_queue, queued)
        elsewhere = runs_elsewhere(self.data, self.session)
        if elsewhere:
            self.call_later(announce_elsewhere, self, elsewhere)
        empty_old_trash(self.data)
        found = interrupted_runs(self.data)
        if found:
            self.offered_run = found[0][0]
            self.call_later(announce_interrupted, self, found)

    def _announce_findings(self) -> None:
        job = self.session.job
        if job is None or not job.findings:
            return
        from minigpt_tui.tui.ending import announce_findings

        already = self._findings_said[1] if self._findings_said[0] is job else 0
        self._findings_said = job, announce_findings(self, job, already)

    def _name_settings_problems(self) -> None:
        """Says in one notice what of the settings file is left out; the log has all of it."""
        problems = self._settings_problems
        for problem in problems:
            log.warning("%s: %s", self.data.settings, problem)
        if problems:
            more = [f"{len(problems) - 2} more: see the log."] if len(problems) > 2 else []
            words = "\n".join([*problems[:2], *more])
            self.notify(words, title="settings.yaml", severity="warning", timeout=12, markup=False)

    def _tour(self) -> Tour:
        return Tour(self.pane_name or self.remembered.pane, self.keymap)

    def _read_keymap(self) -> tuple[Keymap, tuple[str, ...]]:
        """The keymap of the settings file, and what of the file cannot be taken up."""
        try:
            keymap = read_keymap(read_settings(self.data).get("keys"))
        except ValueError as error:
            return Keymap({}), (str(error),)
        return keymap, keymap.problems

    def _take_up_queue(self, queued: list[WaitingRun]) -> None:
        """Runs that an earlier session queued wait on, until somebody lets them begin."""
        self.queue.waiting[:0] = queued
        self.queue.held = True
        count = "1 run" if len(queued) == 1 else f"{len(queued)} runs"
        words = "They were queued when you left. F3, then ^n, shows them and lets them begin."
        self.notify(words, title=f"{count} held in the queue", markup=False, timeout=10)

    def _runner(self, action: Action) -> Callable[[], Awaitable[None]]:
        async def run() -> None:
            pane = self.query_one("#pane", Container).children[0]
            await self.run_action(action.id, self if action.scope == "app" else pane)

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
