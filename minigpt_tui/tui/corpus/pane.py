"""The Corpus pane: choose the text, see its tokens and its numbers, train on it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.events import Paste

from minigpt_tui.settings import settings, with_settings
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.actions import actions_of, bindings
from minigpt_tui.tui.corpus.next_step import NextStep, Standing
from minigpt_tui.tui.corpus.text_choices import TextChoice, choice_of, text_choices, with_recent
from minigpt_tui.tui.corpus.text_keeping import TextKeeping
from minigpt_tui.tui.corpus.text_list import TextList
from minigpt_tui.tui.corpus.text_opening import TextOpening, folder_of, pasted_path
from minigpt_tui.tui.corpus.text_share import ask_share
from minigpt_tui.tui.corpus.text_view import TextView
from minigpt_tui.tui.pane import Pane, while_there
from minigpt_tui.tui.widgets.divider import Divider
from minigpt_tui.tui.widgets.path_opener import PathOpener

LEVELS = settings()["level"].choices
WATCH_SECONDS = 0.5
_OURS = frozenset(action.id for action in actions_of("corpus"))


class CorpusPane(Pane):
    """What is highlighted in the list is what is shown, and what `t` trains on; where texts are
    marked it is those together."""

    SCOPED_CSS = False  # the rules for large screens begin at the screen
    DEFAULT_CSS = Path(__file__).with_suffix(".tcss").read_text(encoding="utf-8")
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("corpus")]

    def __init__(self) -> None:
        super().__init__()
        self.choice: TextChoice
        self._shelf_time = 0
        self._keys: tuple[bool, bool] | None = None  # busy, can count: as the footer last knew it

    def compose(self) -> ComposeResult:
        with TextList(id="texts-box") as texts:
            texts.add_class("box")
            texts.border_title = "Texts"
        yield Divider("corpus.texts", "#texts-box", least=20, rest=46)
        with Vertical(id="chosen"):
            yield NextStep(self.workbench.data, id="hint")
            yield TextView(self.workbench.data, id="text")

    def on_mount(self) -> None:
        self._shelf_time = self._changed()
        self.keeping = TextKeeping(self, self.workbench.data, self.workbench.remembered)
        self.opening = TextOpening(self, self.workbench.data, self._choices)
        choices = self._choices()
        parts = [choice_of((name,), choices) for name in self.workbench.config.data.corpus]
        self._list_choices(parts[0], parts if len(parts) > 1 else ())
        self.choice = self.query_one(TextList).taken
        self.query_one(TextView).show(self.choice, self.workbench.config)
        self.set_interval(WATCH_SECONDS, while_there(self, self._watch))

    def focus_first(self) -> None:
        self.query_one(TextList).focus_list()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While a path is asked for, the keys that act on the hidden text do nothing."""
        if action in _OURS and self.query(PathOpener):
            return False
        if action in ("stop_counting", "count_again"):
            views = self.query(TextView)
            busy = bool(views) and views.first().busy
            stopped = bool(views) and views.first().can_count
            return busy if action == "stop_counting" else stopped and not busy
        return True

    async def action_train_corpus(self) -> None:
        failure = self.query_one(TextView).failure
        if self.workbench.session.active:
            self._refuse(
                "A training is running already. ‹app.train› shows it, and ‹train.start› there "
                "queues this."
            )
        elif failure:
            self._refuse(failure)
        else:
            self._configure()
            self.workbench.trainings.start(self.workbench.config)
            if self.workbench.session.active:
                await self.workbench.action_pane("train")

    def action_cycle_level(self) -> None:
        now = LEVELS.index(self.workbench.config.data.level)
        level = LEVELS[(now + 1) % len(LEVELS)]
        self.workbench.config = with_settings(self.workbench.config, {"level": level})
        self._choose(self.choice)

    def action_focus_filter(self) -> None:
        self.query_one(TextList).focus_filter()

    async def action_open_path(self) -> None:
        opener = PathOpener(folder_of(self.choice), id="opener")
        opener.add_class("box")
        opener.border_title = "Open a text from the disk"
        self.query_one(TextView).display = False
        await self.query_one("#chosen").mount(opener)
        self._draw_hint()
        self.refresh_bindings()

    def action_next_numbers(self) -> None:
        self.query_one(TextView).numbers.next_page()

    def action_stop_counting(self) -> None:
        self.query_one(TextView).stop()
        self.refresh_bindings()

    def action_count_again(self) -> None:
        self.query_one(TextView).count_again()
        self.refresh_bindings()

    def action_go_to(self) -> None:
        ask_share(self.app, self.query_one(TextView).preview.go_to)

    def action_paste_text(self) -> None:
        self.keeping.paste("")

    def action_mark_text(self) -> None:
        self.query_one(TextList).toggle_mark()

    def action_copy_text_in(self) -> None:
        self.keeping.copy(self.choice)

    def action_delete_text(self) -> None:
        chosen = self.query_one(TextList).chosen
        if chosen is not None:
            self.keeping.delete(chosen)

    def action_undo_text(self) -> None:
        self.keeping.undo()

    def on_paste(self, event: Paste) -> None:
        """A pasted path, which is what a file pulled into a terminal becomes, is opened; any
        other text can be kept."""
        event.stop()
        path = pasted_path(event.text)
        if path is not None:
            self.opening.ask_for(path)
        elif event.text.strip():
            self.keeping.paste(event.text.replace("\r\n", "\n").replace("\r", "\n"))

    @on(TextKeeping.Added)
    def _added(self, event: TextKeeping.Added) -> None:
        self.notify(event.words, title=visible(event.path.name), markup=False)
        self.query_one(TextList).marked.clear()
        self.opening.ask_for(str(event.path))

    @on(TextKeeping.Refused)
    def _keeping_refused(self, event: TextKeeping.Refused) -> None:
        sentence = visible(event.sentence)
        self.notify(sentence, title=event.title, severity="warning", markup=False)

    @on(TextKeeping.Gone)
    def _gone(self, event: TextKeeping.Gone) -> None:
        """The text below it is chosen then, or the last one."""
        texts = self.query_one(TextList)
        listed = [choice for choice in texts.listed if choice != event.choice]
        if event.choice not in texts.listed:
            return
        at = min(texts.listed.index(event.choice), len(listed) - 1)
        marked = [choice for choice in texts.marked if choice != event.choice]
        self._list_choices(listed[at], marked)
        self._choose(self.query_one(TextList).taken)

    @on(TextList.Chosen)
    @on(TextList.Marked)
    def _chosen(self) -> None:
        taken = self.query_one(TextList).taken
        if taken != self.choice:
            self._choose(taken)
        self._draw_hint()

    @on(TextList.Entered)
    def _entered(self) -> None:
        self.query_one(TextView).focus_preview()

    @on(TextView.Judged)
    def _judged(self) -> None:
        """A counting may begin and end between two looks of the clock: the keys follow it here."""
        self._draw_hint()
        self._follow_keys()

    @on(PathOpener.Asked)
    def _asked(self, event: PathOpener.Asked) -> None:
        self.opening.ask_for(event.typed)

    @on(TextOpening.Refused)
    def _not_opened(self, event: TextOpening.Refused) -> None:
        for opener in self.query(PathOpener):
            opener.show_fault(event.sentence)
            return
        self.notify(visible(event.sentence), title="Not opened", severity="warning", markup=False)

    @on(TextOpening.Opened)
    async def _opened(self, event: TextOpening.Opened) -> None:
        remembered = self.workbench.remembered
        remembered.recent_texts = with_recent(remembered.recent_texts, event.choice)
        self.query_one(TextList).clear_filter()
        self._list_choices(event.choice)
        self._choose(event.choice)
        if self.query(PathOpener):
            await self._close_opener()

    @on(PathOpener.Closed)
    async def _close_opener(self) -> None:
        await self.query(PathOpener).remove()
        self.query_one(TextView).display = True
        self._draw_hint()
        self.refresh_bindings()
        self.focus_first()

    def _choose(self, choice: TextChoice) -> None:
        """Makes a text the chosen one at once; its reading begins a moment later."""
        self.choice = choice
        self._configure()
        self.query_one(TextView).show(choice, self.workbench.config)

    def _configure(self) -> None:
        """The form's configuration, and what is remembered, follow the selection."""
        workbench = self.workbench
        workbench.config = with_settings(workbench.config, {"corpus": self.choice.names})
        workbench.remembered.corpus = self.choice.names[0]
        workbench.remembered.level = workbench.config.data.level

    def _choices(self) -> list[TextChoice]:
        return text_choices(self.workbench.data, self.workbench.remembered.recent_texts)

    def _list_choices(self, chosen: TextChoice, marked: Sequence[TextChoice] = ()) -> None:
        self.query_one(TextList).show_choices(self._choices(), chosen, marked)

    def _watch(self) -> None:
        """Notices files put into the user's folder, and a training's beginning and end."""
        if (changed := self._changed()) != self._shelf_time:
            self._shelf_time = changed
            texts = self.query_one(TextList)
            assert texts.chosen is not None
            self._list_choices(texts.chosen, texts.marked)
        self._draw_hint()
        self._follow_keys()

    def _follow_keys(self) -> None:
        """Which keys work depends on the counting: asks for the footer anew when that changes."""
        view = self.query_one(TextView)
        keys = view.busy, view.can_count
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    def _changed(self) -> int:
        try:
            return os.stat(self.workbench.data.corpora).st_mtime_ns
        except OSError:  # not made yet
            return 0

    def _draw_hint(self) -> None:
        self.query_one(NextStep).show(
            Standing(
                opening=bool(self.query(PathOpener)),
                training=self.workbench.session.active,
                failure=self.query_one(TextView).failure,
                marked=len(self.query_one(TextList).marked),
            )
        )

    def _refuse(self, sentence: str) -> None:
        self.notify(sentence, title="Not started", severity="warning", markup=False)
