"""The Runs pane: every run in one list, found, compared, noted, checked, resumed and put away."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.runs.manage import DeletedRun
from minigpt_tui.runs.summary import RunSummary
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.keys.key_prose import with_bold_keys
from minigpt_tui.tui.pace import PULL_SECONDS, clock, rest_since
from minigpt_tui.tui.pane import Pane, focus_now, while_there
from minigpt_tui.tui.runs.run_checking import RunChecking
from minigpt_tui.tui.runs.run_details import RunDetails
from minigpt_tui.tui.runs.run_export import export_run
from minigpt_tui.tui.runs.run_keeping import RunKeeping
from minigpt_tui.tui.runs.run_keys import Situation, applies, situation
from minigpt_tui.tui.runs.run_page import Details
from minigpt_tui.tui.runs.run_rows import RunRows
from minigpt_tui.tui.runs.run_table import RunTable
from minigpt_tui.tui.runs.run_using import RunUsing
from minigpt_tui.tui.runs.runs_watcher import RunsWatcher
from minigpt_tui.tui.runs.selected_run import SelectedRun
from minigpt_tui.tui.widgets.divider import Divider

AGES_SECONDS = 30.0

EMPTY = (
    "Every training leaves a run: its settings, its curves and its checkpoints, in a folder of "
    "its own. Here they are found again, compared, resumed and asked.\n\n"
    "‹app.corpus›  choose a text and press ‹corpus.train_corpus›: it becomes the first\n"
    "‹app.train›  set one up by hand"
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

    def __init__(self) -> None:
        super().__init__(id="runs")
        self.trash: list[DeletedRun] = []
        self.summaries: list[RunSummary] = []
        self._wanted: RunFolder | None = None
        """The run that is to be selected once it is listed."""
        self._shown: tuple[object, ...] = ()
        self._keys: Situation | None = None
        self._newer: RunsPane.Listed | None = None
        """A list that waits until the filter has been typed."""

    def compose(self) -> ComposeResult:
        self.watcher = RunsWatcher(
            self.workbench.data,
            lambda runs, trash: self.post_message(self.Listed(runs, trash)),
            lambda sentence: self.post_message(self.NotListed(sentence)),
        )
        self.checking = RunChecking(self)
        self.followed = SelectedRun(self.workbench.session, self.checking)
        self.keeping = RunKeeping(self, self.workbench.data)
        self.using = RunUsing(self, self.keeping)
        remembered = self.workbench.remembered
        table = RunTable(remembered.runs_sort, remembered.runs_filter, id="runs-list")
        table.add_class("box")
        table.border_title = "Runs"
        yield table
        yield Divider("runs.details", "#runs-details", side="after", least=43, rest=40)
        yield RunDetails(id="runs-details").add_class("box")
        with VerticalScroll(id="runs-empty", classes="box"):
            words = with_bold_keys(EMPTY, self.workbench.keymap)
            yield Static(Content.assemble(("No run yet\n\n", "bold"), words))

    @property
    def table(self) -> RunTable:
        return self.query_one(RunTable)

    @property
    def selected(self) -> RunSummary | None:
        return self.table.selected

    def on_mount(self) -> None:
        self._wanted = self.workbench.offered_run or self.workbench.shown_run
        self.workbench.offered_run = None
        self.set_interval(PULL_SECONDS, while_there(self, self._look))
        self.set_interval(AGES_SECONDS, while_there(self, self._list))
        self.run_worker(self.watcher.watch, name="runs", thread=True, exit_on_error=False)

    def on_unmount(self) -> None:
        self.watcher.close()

    def focus_first(self) -> None:
        empty = self.has_class("-empty")
        focus_now(self.query_one("#runs-empty") if empty else self.table.rows)

    def on_resize(self) -> None:
        self.call_after_refresh(while_there(self, self.table.draw_heading))

    # The list

    @property
    def _filtering(self) -> bool:
        """Whether the list and what it selects wait for the next key of the filter."""
        return self.workbench.between_keys.typing and self.table.filter.has_focus

    def catch_up(self) -> None:
        newer, self._newer = self._newer, None
        if newer is not None:
            self._show_list(newer)
        else:
            self._pull()

    @on(Listed)
    def _listed(self, message: Listed) -> None:
        if self._filtering:
            self._newer = message
        else:
            self._newer = None
            self._show_list(message)

    def _show_list(self, message: Listed) -> None:
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
        self._look()

    # The selected run

    def _look(self) -> None:
        if not self._filtering:
            self.catch_up()

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
        keys = self._situation()
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    def _situation(self) -> Situation:
        serving = self.workbench.serving
        return situation(
            self.selected,
            listed=bool(self.summaries),
            deleted=bool(self.trash),
            idle=not self.workbench.session.active,
            serving=serving is not None and serving.running,
        )

    def _marked(self) -> RunSummary | None:
        marked = self.table.rows.marked
        return next((s for s in self.summaries if s.run == marked), None)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if not self.is_mounted or not self.query(RunRows):
            return True  # the footer may ask while the list comes or goes
        return applies(action, self._situation())

    def action_filter_runs(self) -> None:
        self.table.focus_filter()

    def action_sort_runs(self) -> None:
        self.table.sort_by_next()

    def action_reverse_runs(self) -> None:
        self.table.reverse()

    async def action_open_run(self) -> None:
        if self.selected is not None:
            await self.using.show(self.selected.run)

    async def action_overlay_run(self) -> None:
        if self.selected is not None:
            await self.using.overlay(self.selected.run, self.table.rows.marked)

    async def action_ask_run(self) -> None:
        if self.selected is not None:
            await self.using.ask(self.selected.run)

    def action_serve_run(self) -> None:
        has_model = self.selected is not None and self.selected.has_model
        self.using.serve(self.selected.run if self.selected and has_model else None)

    async def action_resume_run(self) -> None:
        if self.selected is not None:
            await self.using.resume(self.selected.run)

    def action_train_on_run(self) -> None:
        if self.selected is not None:
            self.using.train_on(self.selected.run)

    async def action_take_back_run(self) -> None:
        if self.selected is not None:
            await self.using.take_back(self.selected.run)

    def action_stop_run(self) -> None:
        if self.selected is not None:
            self.using.stop(self.selected.run)
            self._pull()

    def action_save_run(self) -> None:
        if self.selected is not None:
            self.using.save(self.selected.run)
            self._pull()

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
        if self.selected is not None:
            self.checking.begin(self.selected.run)
            self._pull()

    @on(RunChecking.Found)
    def _checked(self, found: RunChecking.Found) -> None:
        if not self.checking.keep(found):
            return
        self._pull()
        if found.done and found.damaged:
            named = ", ".join(found.damaged)
            self.keeping.say(named, f"Damaged in {visible(found.run.name)}", "warning")
