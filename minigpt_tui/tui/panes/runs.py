"""The Runs pane: every run in one list, found, compared, noted, checked, resumed and put away."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.manage import DeletedRun
from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.actions import actions_of, bindings
from minigpt_tui.tui.pace import PULL_SECONDS, clock, rest_since
from minigpt_tui.tui.pane import Pane, while_there
from minigpt_tui.tui.run_export import export_run
from minigpt_tui.tui.run_keeping import RunKeeping
from minigpt_tui.tui.run_page import Details
from minigpt_tui.tui.runs_watcher import RunsWatcher
from minigpt_tui.tui.selected_run import SelectedRun
from minigpt_tui.tui.serving import Serving
from minigpt_tui.tui.widgets.divider import Divider
from minigpt_tui.tui.widgets.run_details import RunDetails
from minigpt_tui.tui.widgets.run_table import RunTable

if TYPE_CHECKING:
    from minigpt_tui.jobs.verify import Check

log = logging.getLogger(__name__)

AGES_SECONDS = 30.0

OF_THE_SELECTED = {action.id for action in actions_of("runs")}
"""Keys that do nothing without a selected run; `check_action` names those that need more."""

EMPTY = Content.assemble(
    ("No run yet\n\n", "bold"),
    "Every training leaves a run: its settings, its curves and its checkpoints, in a folder of "
    "its own. Here they are found again, compared, resumed and asked.\n\n",
    ("F2", "bold $primary"),
    "  choose a text and press t: it becomes the first\n",
    ("F3", "bold $primary"),
    "  set one up by hand",
)


class RunsPane(Pane):
    """What is selected here is what Train shows and Predict asks."""

    SCOPED_CSS = False  # the rules for large screens begin at the screen
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("runs")]

    @dataclass
    class Listed(Message):
        """From the thread: all runs that have been read, and what lies in the trash."""

        summaries: list[RunSummary]
        trash: list[DeletedRun]

    @dataclass
    class NotListed(Message):
        sentence: str

    @dataclass
    class Checked(Message):
        run: RunFolder
        checks: list[Check]
        done: bool

    def __init__(self) -> None:
        super().__init__(id="runs")
        self.trash: list[DeletedRun] = []
        self.summaries: list[RunSummary] = []
        self._wanted: RunFolder | None = None
        """The run that is to be selected once it is listed."""
        self._shown: tuple[object, ...] = ()
        self._keys: object = None

    def compose(self) -> ComposeResult:
        self.watcher = RunsWatcher(
            self.workbench.data,
            lambda runs, trash: self.post_message(self.Listed(runs, trash)),
            lambda sentence: self.post_message(self.NotListed(sentence)),
        )
        self.followed = SelectedRun(self.workbench.session)
        self.keeping = RunKeeping(self, self.workbench.data)
        remembered = self.workbench.remembered
        table = RunTable(remembered.runs_sort, remembered.runs_filter, id="runs-list")
        table.add_class("box")
        table.border_title = "Runs"
        yield table
        yield Divider("runs.details", "#runs-details", side="after", least=43, rest=40)
        yield RunDetails(id="runs-details").add_class("box")
        with VerticalScroll(id="runs-empty", classes="box"):
            yield Static(EMPTY, markup=False)

    @property
    def table(self) -> RunTable:
        return self.query_one(RunTable)

    @property
    def selected(self) -> RunSummary | None:
        return self.table.selected

    def on_mount(self) -> None:
        self._wanted = self.workbench.offered_run or self.workbench.shown_run
        self.workbench.offered_run = None
        self.set_interval(PULL_SECONDS, while_there(self, self._pull))
        self.set_interval(AGES_SECONDS, while_there(self, self._list))
        self.run_worker(self.watcher.watch, name="runs", thread=True, exit_on_error=False)

    def on_unmount(self) -> None:
        self.watcher.close()

    def focus_first(self) -> None:
        if self.has_class("-empty"):
            self.query_one("#runs-empty").focus()
        else:
            self.table.rows.focus()

    def on_resize(self) -> None:
        self.call_after_refresh(while_there(self, self.table.draw_heading))

    # The list

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        self.summaries, self.trash = message.summaries, message.trash
        empty = not self.summaries
        if empty != self.has_class("-empty"):
            had_focus = self.has_focus_within
            self.set_class(empty, "-empty")
            if had_focus:
                self.call_after_refresh(while_there(self, self.focus_first))
        self._list()
        if empty:
            self.workbench.shown_run = None

    @on(NotListed)
    def _not_listed(self, message: NotListed) -> None:
        self.keeping.say(message.sentence, "The runs cannot be listed", "warning")

    def _list(self) -> None:
        """Draws the list; also from time to time for the ages in it."""
        began = clock()
        selected = self.selected
        there = {summary.run for summary in self.summaries}
        wanted = self._wanted if self._wanted in there else None
        self.table.show(self.summaries, wanted or (selected.run if selected else None))
        if wanted is not None:
            self._wanted = None
        self._pull()
        self.watcher.pause = max(PULL_SECONDS, rest_since(began))

    @on(RunTable.Changed)
    def _table_changed(self, message: RunTable.Changed) -> None:
        remembered = self.workbench.remembered
        remembered.runs_sort, remembered.runs_filter = message.sort, message.filter

    @on(RunTable.Selected)
    def _selection_changed(self, message: RunTable.Selected) -> None:
        if message.by_hand:
            self._wanted = None
        if message.summary is not None and self._wanted is None:
            self.workbench.shown_run = message.summary.run
        self._pull()

    # The selected run

    def _pull(self) -> None:
        """Follows the selected run; draws only what changed."""
        summary = self.selected
        if summary is None:
            self._show_details(None)
        else:
            self._show_details(self.followed.pull(summary, self._marked()))

    def _show_details(self, details: Details | None) -> None:
        shown = () if details is None else tuple(vars(details).values())
        if shown != self._shown:
            self._shown = shown
            self.query_one(RunDetails).show(details)
        summary = self.selected
        can = summary and (summary.status.live, summary.resumable, summary.has_model)
        keys = can, bool(self.trash), bool(self.summaries), self.workbench.session.active
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    def _marked(self) -> RunSummary | None:
        marked = self.table.rows.marked
        return next((s for s in self.summaries if s.run == marked), None)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A key is there where it does something."""
        if not self.is_mounted or not self.query(RunTable):
            return True
        summary = self.selected
        match action:
            case "undo_delete" | "empty_trash":
                return bool(self.trash)
            case "filter_runs" | "sort_runs" | "reverse_runs":
                return bool(self.summaries)
            case "resume_run":
                idle = not self.workbench.session.active
                return summary is not None and summary.resumable and idle
            case "take_back_run":
                idle = not self.workbench.session.active
                return summary is not None and summary.status.live and idle
            case "stop_run" | "save_run":
                return summary is not None and summary.status.live
            case "serve_run":
                serving = self.workbench.serving
                served = serving is not None and serving.running
                return served or (summary is not None and summary.has_model)
            case "ask_run" | "export_run":
                return summary is not None and summary.has_model
        return summary is not None or action not in OF_THE_SELECTED

    def action_filter_runs(self) -> None:
        self.table.focus_filter()

    def action_sort_runs(self) -> None:
        self.table.sort_by_next()

    def action_reverse_runs(self) -> None:
        self.table.reverse()

    async def action_open_run(self) -> None:
        if self.selected is None:
            return
        if self.workbench.session.active and not self.workbench.session.trains(self.selected.run):
            self.keeping.say("Train shows the training that runs in this window, until it ends.")
            return
        self.workbench.shown_run, self.workbench.run_first = self.selected.run, True
        await self.workbench.action_pane("train")

    async def action_overlay_run(self) -> None:
        """Shows the selected run with the marked one over it; a training here keeps its place, and
        both are laid over that."""
        selected, marked = self.selected, self.table.rows.marked
        if selected is None:
            return
        job = self.workbench.session.job if self.workbench.session.active else None
        below, above = (
            (selected.run, [marked]) if job is None else (job.run, [marked, selected.run])
        )
        runs = [run for run in above if run is not None and run != below]
        if not runs:
            self.keeping.say("Mark another run with space first; o lays it over this one.")
            return
        if self.keeping.attempt(lambda: self.workbench.overlays.add(*runs), "Not laid over"):
            self.workbench.shown_run = selected.run
            await self.workbench.action_pane("train")

    async def action_ask_run(self) -> None:
        if self.selected is not None:
            self.workbench.shown_run = self.selected.run
            await self.workbench.action_pane("predict")

    def action_serve_run(self) -> None:
        from minigpt_tui.tui.widgets.serving_dialog import ServingDialog

        serving = self.workbench.serving
        if serving is None or not serving.running:
            if self.selected is None or not self.selected.has_model:
                return
            serving = self.workbench.serving = Serving(self.selected.run, self.workbench.data)
            serving.start()
        self.app.push_screen(ServingDialog(serving))

    async def action_resume_run(self) -> None:
        if self.selected is not None:
            self.workbench.shown_run = self.selected.run
            self.workbench.trainings.resume(self.selected.run)
            if self.workbench.session.active:
                await self.workbench.action_pane("train")

    async def action_take_back_run(self) -> None:
        if self.selected is not None:
            self.workbench.shown_run = self.selected.run
            await self.workbench.action_pane("train")
            self.workbench.trainings.take_back(self.selected.run)

    def action_stop_run(self) -> None:
        self._ask_training("stop")

    def action_save_run(self) -> None:
        self._ask_training("checkpoint")

    def action_mark_run(self) -> None:
        rows = self.table.rows
        if self.selected is not None:
            rows.mark(None if rows.marked == self.selected.run else self.selected.run)
            self._pull()

    def action_pin_run(self) -> None:
        if self.selected is not None:
            self.keeping.pin(self.selected)

    def action_edit_notes(self) -> None:
        if self.selected is not None:
            self.keeping.note(self.selected)

    def action_rename_run(self) -> None:
        if self.selected is not None:
            self.keeping.rename(self.selected)

    def action_delete_run(self) -> None:
        if self.selected is not None:
            self.keeping.delete(self.selected)

    def action_undo_delete(self) -> None:
        if self.trash:
            self.keeping.bring_back(self.trash[0])

    def action_empty_trash(self) -> None:
        self.keeping.empty_trash(len(self.trash))

    @on(RunKeeping.Changed)
    def _run_changed(self, message: RunKeeping.Changed) -> None:
        """Has the list read again; selection and mark go with a run that has another name."""
        before, after = message.moved
        if before is not None and self.workbench.shown_run == before:
            self.workbench.shown_run = after
        if before is not None and self.table.rows.marked == before:
            self.table.rows.mark(after)
        self._wanted = after or self._wanted
        self.watcher.look()

    @on(RunKeeping.TrashEmptied)
    def _trash_emptied(self, message: RunKeeping.TrashEmptied) -> None:
        self.trash = message.left
        self._pull()
        if message.fault:
            self.keeping.say(message.fault, "The trash cannot be emptied", "warning")

    def action_export_run(self) -> None:
        if self.selected is not None:
            export_run(self.workbench, self.selected.run)

    def action_verify_run(self) -> None:
        if self.selected is None:
            return
        run = self.selected.run
        self.followed.keep_checks(run, [], done=False)
        self._pull()
        self.run_worker(
            lambda: self._verify(run),
            name="verify",
            group="verify",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    @on(Checked)
    def _checked(self, message: Checked) -> None:
        if not self.followed.checking(message.run):
            return
        self.followed.keep_checks(message.run, message.checks, message.done)
        self._pull()
        failed = [check.what for check in message.checks if not check.passed]
        if message.done and failed:
            named = ", ".join(failed)
            self.keeping.say(named, f"Damaged in {visible(message.run.name)}", "warning")

    def _verify(self, run: RunFolder) -> None:
        """Reads every file of a run in a thread, and tells of each."""
        from minigpt_tui.jobs.verify import verify_files  # brings torch

        worker = get_current_worker()
        checks: list[Check] = []
        for check in verify_files(run):
            if worker.is_cancelled:
                return
            checks.append(check)
            self.post_message(self.Checked(run, list(checks), done=False))
        self.post_message(self.Checked(run, checks, done=True))

    def _ask_training(self, kind: str) -> None:
        if self.selected is None:
            return
        run = self.selected.run
        words = {"stop": "It stops after its step and saves.", "checkpoint": "It saves now."}[kind]
        if self.keeping.attempt(lambda: self.workbench.session.ask(run, kind), "Not asked"):
            asked = "" if self.workbench.session.trains(run) else "Its process was asked. "
            self.keeping.say(asked + words, visible(run.name))
        self._pull()
