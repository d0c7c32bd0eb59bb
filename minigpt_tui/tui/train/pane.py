"""The Train pane: the settings on one side, the run on the other; starts and steers a training."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize

from minigpt_tui.runs.folder import RunFolder, read_config
from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.pace import PULL_SECONDS, clock, rest_since
from minigpt_tui.tui.pane import Pane, while_there
from minigpt_tui.tui.train.config_form import ConfigForm
from minigpt_tui.tui.train.form_answers import FormAnswers
from minigpt_tui.tui.train.run_monitor import RunMonitor
from minigpt_tui.tui.train.run_notices import nothing_yet, preparing, refused
from minigpt_tui.tui.train.run_watcher import NoRun, Preparing, Refused, RunWatcher, Scene, Watched
from minigpt_tui.tui.train.sharing import share
from minigpt_tui.tui.train.steer_dialog import Changes
from minigpt_tui.tui.train.steering import Steering
from minigpt_tui.tui.train.training_keys import Situation, applies, situation
from minigpt_tui.tui.trainings.queue_dialog import QueueDialog
from minigpt_tui.tui.widgets.divider import Divider


class TrainPane(Pane):
    """At 110 columns and more both sides are seen; below, F9 turns from one to the other."""

    SCOPED_CSS = False  # the rules by size begin at the screen
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("train"),
        Binding("escape", "dismiss", "Back to the run"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._keys: Situation | None = None
        self._refused = False
        self._resuming = False
        self._rest_until = 0.0

    def compose(self) -> ComposeResult:
        workbench = self.workbench
        self.watcher = RunWatcher(workbench.session, workbench.data, workbench.shown_run)
        pull = partial(self._pull, at_once=True)
        self.steering = Steering(self, self.watcher, self._resume, pull)
        yield ConfigForm(workbench.config, workbench.remembered.preset)
        yield Divider("train.form", "ConfigForm", least=38, rest=40)
        yield RunMonitor(workbench.look, workbench.overlays)

    @property
    def form(self) -> ConfigForm:
        return self.query_one(ConfigForm)

    @property
    def monitor(self) -> RunMonitor:
        return self.query_one(RunMonitor)

    def follow(self, run: RunFolder) -> None:
        self.watcher.watch(run)
        self._turn(to_monitor=True)
        self._pull(at_once=True)

    def on_mount(self) -> None:
        workbench = self.workbench
        self.answers = FormAnswers(self.form, workbench.data)
        self.answers.measure()
        self.set_interval(PULL_SECONDS, while_there(self, self._pull))
        self._pull(at_once=True)
        view = self.watcher.view
        unfinished = view is not None and (view.status.live or view.resumable)
        asked_for, workbench.run_first = workbench.run_first, False
        trained = workbench.session.job is not None
        self.set_class(trained or unfinished or asked_for, "-monitor")

    def focus_first(self) -> None:
        if self.has_class("-monitor"):
            self.monitor.focus_first()
        else:
            self.form.focus_first()

    def on_resize(self, event: Resize) -> None:
        self.refresh_bindings()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return applies(action, self._situation())

    def action_start(self) -> None:
        if self._refuse_problem():
            return
        self._resuming = False
        self.workbench.trainings.start(self.workbench.config)
        self._turn(to_monitor=True)
        self._pull(at_once=True)

    def action_queue_run(self) -> None:
        """The form's settings wait for the training in progress to end."""
        if not self._refuse_problem():
            queue = self.workbench.queue
            run = queue.add(self.workbench.config)
            title = f"Queued, {len(queue.waiting)} in all. ‹train.show_queue› shows them."
            self.notify(run.title, title=title, markup=False)

    def action_show_queue(self) -> None:
        session = self.workbench.session
        dialog = QueueDialog(
            self.workbench.queue, lambda: session.active, self.workbench.trainings.start_next
        )
        self.app.push_screen(dialog)

    def action_share(self) -> None:
        """Shows the settings as a command and lets them be saved and loaded."""
        workbench = self.workbench
        share(workbench, workbench.config, workbench.data, self.form.show_config)

    def action_find_setting(self) -> None:
        self._turn(to_monitor=False)
        self.call_after_refresh(while_there(self, self.form.find))

    def action_compare_run(self) -> None:
        """Turns between the preset and the shown run as what the form is compared with."""
        run = self.workbench.shown_run
        if run is None:
            self.notify(
                "Open a run first: ‹app.runs›, then ‹runs.open_run› on it.",
                title="Nothing to compare",
                markup=False,
            )
        elif self.form.compared_with == run.name:
            self.form.compare_with_preset()
        else:
            try:
                self.form.compare_with(run.name, read_config(run))
            except ValueError as error:
                self.notify(str(error), title="Not compared", severity="warning", markup=False)
                return
        self._turn(to_monitor=False)

    def _refuse_problem(self) -> bool:
        """Whether something is wrong with the settings; then the form says so."""
        form = self.form
        problem = form.summary.problem
        if problem is not None:
            form.summary.show_refusal(problem)
            self.set_class(False, "-monitor")
            self.call_after_refresh(while_there(self, form.point_out_problem))
            self.answers.measure()  # the text may have been mended meanwhile
        return problem is not None

    def action_resume(self) -> None:
        if self.watcher.view is not None:
            self._resume(self.watcher.view.run)
            self._pull(at_once=True)

    def _resume(self, run: RunFolder, changes: Changes | None = None) -> None:
        """Goes on with a run in this window."""
        self._resuming = True
        self.workbench.trainings.resume(run, changes)
        self._turn(to_monitor=True)

    def action_dismiss(self) -> None:
        self.watcher.dismiss()
        self._pull(at_once=True)

    def action_pause(self) -> None:
        self.steering.ask("pause")

    def action_go_on(self) -> None:
        self.steering.ask("resume")

    def action_stop(self) -> None:
        self.steering.stop()

    def action_save_now(self) -> None:
        self.steering.save()

    def action_measure_now(self) -> None:
        self.steering.measure()

    def action_steer(self) -> None:
        self.steering.change()

    def action_take_back(self) -> None:
        if self.watcher.elsewhere is not None:
            self._resuming = True
            self.workbench.trainings.take_back(self.watcher.elsewhere.run)

    def action_overlay_runs(self) -> None:
        """Asks which other runs lie over the one that is shown."""
        from minigpt_tui.tui.plot.overlay_choice import OverlayChoice

        workbench = self.workbench
        self.app.push_screen(OverlayChoice(workbench.data, workbench.overlays, self.watcher.run))

    def action_export_plot(self) -> None:
        self.monitor.export_plot(self.workbench.data.plots)

    def action_toggle_form(self) -> None:
        self._turn(to_monitor=not self.has_class("-monitor"))

    # The form

    def on_config_form_changed(self, event: ConfigForm.Changed) -> None:
        self.workbench.config = event.config
        remembered = self.workbench.remembered
        remembered.level = event.config.data.level
        if len(event.config.data.corpus) == 1:
            remembered.corpus = event.config.data.corpus[0]
        self.answers.follow()

    def on_config_form_preset_chosen(self, event: ConfigForm.PresetChosen) -> None:
        self.workbench.remembered.preset = event.preset

    def on_config_form_start(self) -> None:
        if self.watcher.job is None:
            self.action_start()
        else:
            self.action_queue_run()

    # The run

    def _turn(self, *, to_monitor: bool) -> None:
        """Shows one side at narrow sizes, and brings the focus there at any size."""
        self.set_class(to_monitor, "-monitor")
        self.refresh_bindings()
        self.call_after_refresh(while_there(self, self.focus_first))

    def _pull(self, at_once: bool = False) -> None:
        waits = self.workbench.between_keys.typing or time.monotonic() < self._rest_until
        if waits and not at_once:
            return
        began = clock()
        scene = self.watcher.pull()
        if scene is not None:
            self._show(scene)
        self.monitor.follow_overlays()
        self._follow_keys()

        def rest() -> None:
            self._rest_until = time.monotonic() + rest_since(began)

        rest()
        if scene is not None:  # it has yet to be painted, which costs as much again
            self.call_after_refresh(while_there(self, rest))

    def catch_up(self) -> None:
        if time.monotonic() >= self._rest_until:
            self._pull(at_once=True)

    def _show(self, scene: Scene) -> None:
        self.workbench.shown_run = self.watcher.run or self.workbench.shown_run
        match scene:
            case Watched(view, state, trained_here):
                self.monitor.show_view(view, state, trained_here)
            case Refused(sentence):
                self.monitor.show_notice("Training", refused(sentence))
                self.form.summary.show_refusal(sentence)
                self._turn(to_monitor=self.watcher.view is not None and self._resuming)
            case Preparing(message, seconds):
                self.monitor.show_notice("Preparing", preparing(message, seconds))
            case NoRun():
                self.monitor.show_notice("Training", nothing_yet(self.workbench.keymap))
        self._refused = isinstance(scene, Refused)

    def _follow_keys(self) -> None:
        """Which keys work depends on the training: asks for the footer anew when that changes."""
        keys = self._situation()
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()
            self.form.show_running(keys.active)

    def _situation(self) -> Situation:
        return situation(
            self.watcher,
            refused=self._refused,
            narrow=self.screen.has_class("-narrow"),
            run_side=self.has_class("-monitor"),
        )
