"""The workbench's frame: header, one visible pane, footer, and the keys that work everywhere.

A pane is the `pane.py` of the folder with its name. It finds what all share here: the data folder,
the trainings, the configuration that the form edits, and what is remembered between two starts.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, ComposeResult, SystemCommand
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import Event, Key
from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.folder import RunFolder
from minigpt_tui.tui.actions import bindings
from minigpt_tui.tui.between_keys import BetweenKeys
from minigpt_tui.tui.collector import COLLECT_SECONDS, collect_if_due
from minigpt_tui.tui.header import Header
from minigpt_tui.tui.keys.key_names import key_words
from minigpt_tui.tui.keys.key_prose import with_keys
from minigpt_tui.tui.keys.keymap import load_keymap
from minigpt_tui.tui.keys.palette import palette_commands
from minigpt_tui.tui.keys.typed_ahead import TypedAhead
from minigpt_tui.tui.letting_go import Footer, let_go_of_removed_widgets
from minigpt_tui.tui.pane import Pane, while_there
from minigpt_tui.tui.pane_screen import PaneScreen
from minigpt_tui.tui.panes import PANES, build_pane
from minigpt_tui.tui.plot.chosen_runs import ChosenRuns
from minigpt_tui.tui.plot.plot_state import Look
from minigpt_tui.tui.predict.composing import Composition
from minigpt_tui.tui.predict.first_prompt import FirstPrompt
from minigpt_tui.tui.remembered import Remembered, load_remembered, save_remembered
from minigpt_tui.tui.session import TrainingSession
from minigpt_tui.tui.settings_problems import announce_problems
from minigpt_tui.tui.themes import DARK, THEMES
from minigpt_tui.tui.tour import Tour
from minigpt_tui.tui.train.first_config import first_config
from minigpt_tui.tui.trainings.leaving import Leaving
from minigpt_tui.tui.trainings.run_queue import RunQueue, save_queue
from minigpt_tui.tui.trainings.trainings import WORKER, Trainings

if TYPE_CHECKING:
    from minigpt_tui.tui.runs.serving import Serving

FINDINGS_SECONDS = 0.5


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
        self._enlarged_before = False
        self.keymap = load_keymap(data)
        self.set_keymap(self.keymap.keys)
        self.typed_ahead = TypedAhead(self.keymap)
        self.session = TrainingSession(data)
        self.queue = RunQueue()
        self.trainings = Trainings(self)
        self.leaving = Leaving(self)
        self.between_keys = BetweenKeys(self, self._catch_up)
        self.remembered: Remembered = load_remembered(data)
        self.first_prompt = FirstPrompt(self.remembered)
        self.config: RunConfig = first_config(self.remembered, data)
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
        self.serving: Serving | None = None
        """The newest model that other programs ask, or were asking."""
        self.compositions: dict[str, Composition] = {}
        """What was written in Predict, by the digest of the vocabulary; panes come and go."""
        self.pane_name = ""

    def get_default_screen(self) -> PaneScreen:
        return PaneScreen(id="_default")

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
        self.run_worker(self._look_back, name="left behind", thread=True, exit_on_error=False)
        self.set_interval(FINDINGS_SECONDS, self.trainings.announce_findings)
        self.set_interval(COLLECT_SECONDS, self._collect_if_idle)
        problems = self.keymap.problems
        self.call_after_refresh(partial(announce_problems, self, self.data, problems))

    def on_unmount(self) -> None:
        if self.serving is not None:
            self.serving.stop()

    def on_ready(self) -> None:
        if not self.is_headless and sys.platform != "win32":
            from minigpt_tui.tui.suspending import suspend_between_events

            suspend_between_events(self)

    def post_message(self, message: Message) -> bool:
        self.typed_ahead.add(message)
        return super().post_message(message)

    async def on_event(self, event: Event) -> None:
        if isinstance(event, Key) and not event.is_forwarded:
            self.between_keys.pressed()
        if not self.typed_ahead.is_overtaken(event):
            await super().on_event(event)

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
        pane = build_pane(name)
        await place.mount(pane)
        self.query_one(Header).show_pane(name)
        for tour in self.query(Tour):
            tour.show_pane(name)
        pane.focus_first()

    def show_run(self, run: RunFolder) -> None:
        """Another run is the one that is looked at."""
        self.shown_run = run
        for pane in self.query_one("#pane", Container).query_children(Pane):
            pane.follow(run)

    def action_leave(self) -> None:
        self.leaving.ask()

    async def action_quit(self) -> None:
        """The palette's and Textual's own way out takes the same door."""
        self.action_leave()

    def action_help(self) -> None:
        from minigpt_tui.tui.keys.help import HelpScreen

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
        from minigpt_tui.tui.keys.jump import jump

        jump(self, self.keymap.keys_of("app.jump"))

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
        return palette_commands(self)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """Says how a training ended, whichever pane is open then."""
        if event.worker.name == WORKER and event.worker.is_finished:
            self.trainings.ended()

    def notify(self, message: str, *, title: str = "", **options: Any) -> None:
        """Every notice comes through here: keys in it are named as they are mapped."""
        words, heading = (with_keys(text, self.keymap) for text in (message, title))
        super().notify(words, title=heading, **options)

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
        save_remembered(replace(self.remembered, prompt=self.first_prompt.typed), self.data)

    def _catch_up(self) -> bool:
        """A key has been answered: does one of the things that waited; whether more may."""
        if collect_if_due():
            return True
        for pane in self.query(Pane) if self.screen_stack else ():
            if pane.is_mounted:  # and all of its parts
                while_there(pane, pane.catch_up)()
        return False

    def _collect_if_idle(self) -> None:
        if not self.between_keys.typing:
            collect_if_due()

    def _look_back(self) -> None:
        from minigpt_tui.tui.left_behind import look_for_what_was_left  # not before the first paint

        look_for_what_was_left(self)

    def _tour(self) -> Tour:
        return Tour(self.pane_name or self.remembered.pane, self.keymap)
