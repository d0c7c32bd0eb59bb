"""The Train pane: the settings on one side, the run on the other; starts and steers a training."""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Resize
from textual.message import Message
from textual.timer import Timer
from textual.worker import get_current_worker

from minigpt_tui.config import DataConfig, RunConfig
from minigpt_tui.paths import data_folder
from minigpt_tui.runs.folder import RunFolder, read_config
from minigpt_tui.runs.pace import RecentRun, recent_runs
from minigpt_tui.text.cancel import CancelledError
from minigpt_tui.text.safe import visible
from minigpt_tui.training.extension import Extension
from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.pace import PULL_SECONDS, clock, rest_since
from minigpt_tui.tui.pane import Pane, while_there
from minigpt_tui.tui.plan import plan
from minigpt_tui.tui.run_notices import NOTHING_YET, preparing, refused
from minigpt_tui.tui.run_view import RunView
from minigpt_tui.tui.run_watcher import NoRun, Preparing, Refused, RunWatcher, Scene, Watched
from minigpt_tui.tui.session import Job
from minigpt_tui.tui.text_measure import TextMeasure, measure_text
from minigpt_tui.tui.train_command import train_command
from minigpt_tui.tui.widgets.config_dialog import ConfigDialog
from minigpt_tui.tui.widgets.config_form import ConfigForm
from minigpt_tui.tui.widgets.divider import Divider
from minigpt_tui.tui.widgets.queue_dialog import QueueDialog
from minigpt_tui.tui.widgets.run_monitor import RunMonitor
from minigpt_tui.tui.widgets.steer_dialog import Changes, Standing, SteerDialog

log = logging.getLogger(__name__)

DEBOUNCE_SECONDS = 0.04


class TrainPane(Pane):
    """At 110 columns and more both sides are seen; below, F9 turns from one to the other."""

    SCOPED_CSS = False  # the rules by size begin at the screen
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings("train"),
        Binding("escape", "dismiss", "Back to the run"),
    ]

    class Measured(Message):
        """A text has been measured, or why it cannot be."""

        def __init__(
            self,
            request: int,
            settings: DataConfig,
            measured: TextMeasure | None,
            problem: str,
            recent: tuple[RecentRun, ...],
        ) -> None:
            super().__init__()
            self.request = request
            self.settings = settings
            self.measured = measured
            self.problem = problem
            self.recent = recent
            """The runs of this machine by which the time of the next one is judged."""

    def __init__(self) -> None:
        super().__init__()
        self._keys: object = None
        self._refused = False
        self._resuming = False
        self._rest_until = 0.0
        self._request = 0
        self._measured: tuple[DataConfig, TextMeasure] | None = None
        self._recent: tuple[RecentRun, ...] = ()
        self._debounce: Timer | None = None

    def compose(self) -> ComposeResult:
        workbench = self.workbench
        self.watcher = RunWatcher(workbench.session, workbench.data, workbench.shown_run)
        yield ConfigForm(workbench.config, workbench.remembered.preset)
        yield Divider("train.form", "ConfigForm", least=38, rest=40)
        yield RunMonitor(workbench.look, workbench.overlays)

    @property
    def form(self) -> ConfigForm:
        return self.query_one(ConfigForm)

    @property
    def monitor(self) -> RunMonitor:
        return self.query_one(RunMonitor)

    @property
    def job(self) -> Job | None:
        """The training of this process while it has not ended."""
        return self.watcher.job

    @property
    def elsewhere(self) -> RunView | None:
        """The shown run, if another process trains it."""
        view, newest = self.watcher.view, self.workbench.session.job
        if view is None or not view.status.live or self.job is not None:
            return None
        if newest is not None and newest.run == view.run and view.status.pid == os.getpid():
            return None  # it has ended here this moment, and the view has yet to see it
        return view

    def follow(self, run: RunFolder) -> None:
        self.watcher.watch(run)
        self._turn(to_monitor=True)
        self._pull(at_once=True)

    def on_mount(self) -> None:
        self._measure()
        self.set_interval(PULL_SECONDS, while_there(self, self._pull))
        self._pull(at_once=True)
        view = self.watcher.view
        unfinished = view is not None and (view.status.live or view.resumable)
        asked_for, self.workbench.run_first = self.workbench.run_first, False
        trained = self.workbench.session.job is not None
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
        """Of the three meanings of F7 only the one that applies now is bound and shown."""
        job, elsewhere = self.job, self.elsewhere
        match action:
            case "start":
                return job is None
            case "queue_run":
                return job is not None
            case "pause":
                if elsewhere is not None:
                    return elsewhere.status.state != "paused"
                return job is not None and job.phase == "training" and not job.control.paused
            case "go_on":
                if elsewhere is not None:
                    return elsewhere.status.state == "paused"
                return job is not None and job.control.paused and not job.control.stopping()
            case "take_back":
                return elsewhere is not None
            case "resume":
                view = self.watcher.view
                return job is None and view is not None and view.resumable
            case "stop":
                return elsewhere is not None or (job is not None and not job.control.stopping())
            case "save_now" if elsewhere is not None:
                return True
            case "save_now" | "measure_now":
                return job is not None and job.phase == "training"
            case "steer":
                if job is not None:
                    return job.phase == "training" and not job.control.stopping()
                view = self.watcher.view
                return view is not None and (view.resumable or view.status.state == "completed")
            case "find_setting":
                return not (self.screen.has_class("-narrow") and self.has_class("-monitor"))
            case "toggle_form":
                return self.screen.has_class("-narrow")
            case "overlay_runs" | "export_plot":
                return self.watcher.view is not None
            case "dismiss":
                return self._refused and self.watcher.view is not None
        return True

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
            title = f"Queued, {len(queue.waiting)} in all. ^n shows them."
            self.notify(run.title, title=title, markup=False)

    def action_show_queue(self) -> None:
        session = self.workbench.session
        dialog = QueueDialog(
            self.workbench.queue, lambda: session.active, self.workbench.trainings.start_next
        )
        self.app.push_screen(dialog)

    def action_share(self) -> None:
        """Shows the settings as a command and lets them be saved and loaded."""
        data, config = self.workbench.data, self.workbench.config
        elsewhere = data.root if data != data_folder() else None
        name = visible(Path(config.data.corpus[0]).stem or "settings")
        self.app.push_screen(
            ConfigDialog(
                config,
                train_command(config, elsewhere),
                data.root / "configs" / f"{name}.yaml",
                self.form.show_config,
            )
        )

    def action_find_setting(self) -> None:
        self._turn(to_monitor=False)
        self.call_after_refresh(while_there(self, self.form.find))

    def action_compare_run(self) -> None:
        """Turns between the preset and the shown run as what the form is compared with."""
        run = self.workbench.shown_run
        if run is None:
            self.notify(
                "Open a run first: F6, then Enter on it.", title="Nothing to compare", markup=False
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
            self._measure()  # the text may have been mended meanwhile
        return problem is not None

    def action_resume(self) -> None:
        if self.watcher.view is not None:
            self._resuming = True
            self.workbench.trainings.resume(self.watcher.view.run)
            self._turn(to_monitor=True)
            self._pull(at_once=True)

    def action_dismiss(self) -> None:
        self.watcher.dismiss()
        self._pull(at_once=True)

    def action_pause(self) -> None:
        self._ask("pause")

    def action_go_on(self) -> None:
        self._ask("resume")

    def action_stop(self) -> None:
        if self.elsewhere is not None:
            self._ask("stop")
        else:  # also one that is being prepared, and has no run yet
            self.workbench.session.stop()
            self._pull(at_once=True)

    def action_save_now(self) -> None:
        words = "last_state.pt is written after the step in hand."
        if self._ask("checkpoint"):
            self.notify(words, title="Checkpoint", markup=False)

    def action_take_back(self) -> None:
        if self.elsewhere is not None:
            self._resuming = True
            self.workbench.trainings.take_back(self.elsewhere.run)

    def _ask(self, kind: str) -> bool:
        """Asks the training of the shown run, in whatever process it runs."""
        run = self.watcher.run if self.job is None else self.job.run
        if run is None:
            return False
        try:
            self.workbench.session.ask(run, kind)
        except ValueError as error:
            self.notify(str(error), title="Not asked", severity="warning", markup=False)
            return False
        self._pull(at_once=True)
        return True

    def action_measure_now(self) -> None:
        if self.job is not None:
            self.job.control.request_evaluation()

    def action_steer(self) -> None:
        """Asks for changes to the run: at once in a training, or on going on with it."""
        self._pull(at_once=True)  # the key may come while the screen rests
        view = self.watcher.view
        if view is None or view.info is None:
            return
        steps_per_epoch = max(1, view.info.steps_per_epoch)
        newest_lr = float(view.metrics[-1]["lr"]) if len(view.metrics) else None
        standing = Standing(
            view.run.name, newest_lr, view.status.epochs, view.status.step // steps_per_epoch
        )
        job, run = self.job, view.run

        def accept(changes: Changes) -> None:
            extension = Extension(**changes)  # type: ignore[arg-type]  # parsed by name
            if job is None or job.done.is_set():
                self._resuming = True
                self.workbench.trainings.resume(run, changes)
                self._turn(to_monitor=True)
            else:
                extension.check(view.status.step, steps_per_epoch)
                extension.ask(job.control, steps_per_epoch)
            self._pull(at_once=True)

        self.app.push_screen(SteerDialog(standing, accept))

    def action_overlay_runs(self) -> None:
        """Asks which other runs lie over the one that is shown."""
        from minigpt_tui.tui.widgets.overlay_choice import OverlayChoice

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
        if self._measured is not None and self._measured[0] == event.config.data:
            self._show_plan(event.config)
        elif self._debounce is None:
            self._debounce = self.set_timer(DEBOUNCE_SECONDS, while_there(self, self._measure))
        else:
            self._debounce.reset()

    def on_config_form_preset_chosen(self, event: ConfigForm.PresetChosen) -> None:
        self.workbench.remembered.preset = event.preset

    def on_config_form_start(self) -> None:
        if self.job is None:
            self.action_start()
        else:
            self.action_queue_run()

    def _measure(self) -> None:
        """Measures the form's text in a thread; an answer to an older request is dropped."""
        self._debounce = None
        self._request += 1
        request, settings, data = self._request, self.workbench.config.data, self.workbench.data

        def work() -> None:
            worker = get_current_worker()
            measured, problem = None, ""
            recent: tuple[RecentRun, ...] = ()
            try:
                measured = measure_text(settings, data, lambda: worker.is_cancelled)
                recent = recent_runs(data)
            except CancelledError:
                return
            except ValueError as error:
                problem = str(error)
            except Exception as error:  # a bug must not end the app; the form says so
                log.exception("The text could not be measured")
                problem = f"The text could not be measured ({type(error).__name__}); see the log."
            self.post_message(self.Measured(request, settings, measured, problem, recent))

        self.run_worker(work, thread=True, exclusive=True, group="measuring", exit_on_error=False)

    def on_train_pane_measured(self, event: Measured) -> None:
        if event.request != self._request:
            return
        if event.measured is None:
            self._measured = None
            self.form.show_text_problem(event.problem)
        else:
            self._measured, self._recent = (event.settings, event.measured), event.recent
            self.form.show_text_problem(None)
            self._show_plan(self.workbench.config)

    def _show_plan(self, config: RunConfig) -> None:
        assert self._measured is not None
        self.form.summary.show_plan(plan(config, self._measured[1], self._recent))

    # The run

    def _turn(self, *, to_monitor: bool) -> None:
        """Shows one side at narrow sizes, and brings the focus there at any size."""
        self.set_class(to_monitor, "-monitor")
        self.refresh_bindings()
        self.call_after_refresh(while_there(self, self.focus_first))

    def _pull(self, at_once: bool = False) -> None:
        if time.monotonic() < self._rest_until and not at_once:
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
                self.monitor.show_notice("Training", NOTHING_YET)
        self._refused = isinstance(scene, Refused)

    def _follow_keys(self) -> None:
        """Which keys work depends on the training: asks for the footer anew when that changes."""
        job, view = self.job, self.watcher.view
        steering = None if job is None else (job.phase, job.control.paused, job.control.stopping())
        elsewhere = self.elsewhere and self.elsewhere.status.state
        keys = steering, elsewhere, view is not None and view.resumable, self._refused
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()
            self.form.show_running(job is not None)
