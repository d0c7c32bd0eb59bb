"""A text in numbers, on three pages: its counts, its tokens by frequency, its baselines."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import ContentSwitcher
from textual.worker import get_current_worker

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.runs.info import BaselineLosses
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.corpus.baseline_table import BaselineTable
from minigpt_tui.tui.corpus.frequent_tokens import FrequentTokens
from minigpt_tui.tui.corpus.text_facts import TextFactsView
from minigpt_tui.tui.corpus.text_steps import TextFacts
from minigpt_tui.tui.corpus.token_table import TokenTable

if TYPE_CHECKING:
    from minigpt_tui.tui.corpus.text_measure import TextMeasure

PAGES = {"facts": "In numbers", "frequent": "By frequency", "baselines": "To beat"}

log = logging.getLogger(__name__)


class TextNumbers(VerticalScroll, can_focus=False):
    """Shows one page; the baselines are measured when their page is first asked for."""

    DEFAULT_CSS = """
    TextNumbers {
        scrollbar-size-vertical: 1;
        ContentSwitcher { height: auto; }
        TokenTable { height: 7; }
    }
    .-wide.-tall TextNumbers TokenTable { height: 30; }
    """
    SCOPED_CSS = False

    @dataclass
    class BaselinesKnown(Message):
        number: int
        losses: BaselineLosses | None
        words: str
        """Why there are none; what is being measured where they end with an ellipsis."""

    def __init__(self, data: DataFolder, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.data = data
        self.page = next(iter(PAGES))
        """Kept here: the footer asks for it also while the parts come and go."""
        self.measuring = False
        self._config = RunConfig()
        self._number = 0
        self._asked = False
        self._progress = ""

    def compose(self) -> ComposeResult:
        with ContentSwitcher(initial=self.page):
            yield TextFactsView(id="facts")
            yield TokenTable(id="frequent")
            yield BaselineTable(id="baselines")

    def on_mount(self) -> None:
        self._draw_frame()

    @property
    def can_measure(self) -> bool:
        """Whether `ask_baselines` would measure them."""
        return self.page == "baselines" and not self._asked

    def begin(self, config: RunConfig) -> None:
        """Another text, or other settings: nothing is known."""
        self._config = config
        self._number += 1
        self._asked = self.measuring = False
        self.query_one(TokenTable).show_tokens(None)
        self.query_one(BaselineTable).show_words("")
        self.show_progress("")
        self.workers.cancel_group(self, "baselines")

    def show_counts(
        self,
        text: TextFacts | None,
        measure: TextMeasure | None,
        words: str,
        *,
        stopped: bool = False,
    ) -> None:
        self.query_one(TextFactsView).show_facts(
            self._config, text, measure, words, stopped=stopped
        )

    def show_frequent(self, found: FrequentTokens) -> None:
        """The counting is done: the baselines can be asked for."""
        self.query_one(TokenTable).show_tokens(found)
        self.show_progress("")
        if self.page == "baselines":
            self._measure_baselines()

    def show_progress(self, words: str) -> None:
        """What is being counted and how far it is; empty when nothing is."""
        if words != self._progress:
            self._progress = words
            self._draw_frame()

    def next_page(self) -> None:
        pages = list(PAGES)
        self.page = pages[(pages.index(self.page) + 1) % len(pages)]
        self.query_one(ContentSwitcher).current = self.page
        self.scroll_home(animate=False)
        self._draw_frame()
        if self.page == "baselines" and not self._progress:
            self._measure_baselines()

    def stop(self) -> None:
        """Ends the measuring of the baselines; they are asked for anew on the next visit."""
        if self.measuring:
            self.workers.cancel_group(self, "baselines")
            self._number += 1
            self._asked = self.measuring = False
            self.query_one(BaselineTable).show_words("Stopped. x measures them.")
            self.show_progress("")

    def ask_baselines(self) -> None:
        """Measures them if they are on the screen and not known."""
        if self.can_measure:
            self._measure_baselines()

    def _measure_baselines(self) -> None:
        """As a training would, with what it would keep: its token files are made on the way."""
        if self._asked:
            return
        self._asked = self.measuring = True
        number, config, data = self._number, self._config, self.data
        self.query_one(BaselineTable).show_words("Preparing the text…")

        def work() -> None:
            from minigpt_tui.jobs.prepare import prepare
            from minigpt_tui.text.cancel import CancelledError

            worker = get_current_worker()

            def say(words: str) -> None:
                self.post_message(self.BaselinesKnown(number, None, words + "…"))

            losses, words = None, ""
            try:
                losses = prepare(
                    config, data, say=say, should_stop=lambda: worker.is_cancelled
                ).baselines
                words = "" if losses else "Nothing is held out (val_fraction 0) to measure on."
            except CancelledError:
                return
            except ValueError as error:
                words = str(error)
            except Exception as error:
                log.exception("The baselines could not be measured")
                words = f"They could not be measured ({type(error).__name__}); see the log."
            self.post_message(self.BaselinesKnown(number, losses, words))

        self.run_worker(work, group="baselines", thread=True, exclusive=True, exit_on_error=False)

    @on(BaselinesKnown)
    def _baselines_known(self, event: BaselinesKnown) -> None:
        event.stop()
        if event.number != self._number:
            return
        table = self.query_one(BaselineTable)
        if event.losses is not None:
            table.show_losses(event.losses)
        elif event.words:
            table.show_words(visible(event.words))
        self.measuring = event.words.endswith("…")
        self.show_progress("measuring, x stops" if self.measuring else "")

    def _draw_frame(self) -> None:
        pages = list(PAGES)
        number = pages.index(self.page)
        following = PAGES[pages[(number + 1) % len(pages)]].lower()
        self.border_title = Content(f"{PAGES[self.page]} {number + 1}/{len(pages)}")
        self.border_subtitle = Content(self._progress or f"n: {following}")
