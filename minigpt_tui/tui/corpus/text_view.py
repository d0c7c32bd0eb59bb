"""The chosen text: its beginning in coloured tokens, its numbers, or what is wrong with it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from minigpt_tui.config import RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.corpus.text_choices import DISK, TextChoice
from minigpt_tui.tui.corpus.text_facts import LEVEL_NAMES, refusal, verdict
from minigpt_tui.tui.corpus.text_numbers import TextNumbers
from minigpt_tui.tui.corpus.text_preview import TextPreview
from minigpt_tui.tui.corpus.text_reader import TextReader
from minigpt_tui.tui.corpus.text_steps import (
    Beginning,
    Border,
    Coloured,
    Learned,
    Measured,
    Suspicion,
    TextFacts,
    Unpacking,
)
from minigpt_tui.tui.corpus.token_preview import TokenPreview
from minigpt_tui.tui.keys.key_prose import keys_in
from minigpt_tui.tui.pane import while_there

if TYPE_CHECKING:
    from minigpt_tui.tui.corpus.text_measure import TextMeasure

# So that a key held down in the list starts no reading on its way.
DEBOUNCE_SECONDS = 0.06
SETTLED_SECONDS = 0.5
"""Who chooses a text so long after another one means this one: it is read at once."""
_TITLE_CELLS = 48


class TextView(Container):
    """Shows one text at a time as it is being read; the latest wins. Posts `Judged`."""

    SCOPED_CSS = False  # the rule for large screens begins at the screen
    DEFAULT_CSS = """
    TextView {
        layout: vertical;
        #preview-box { height: 1fr; }
        #facts-box { height: auto; max-height: 65%; }
        #failure { padding: 1 2; display: none; }
        &.-failed {
            #failure { display: block; height: 1fr; border: round $error; }
            TextPreview, #facts-box { display: none; }
        }
    }
    .-wide.-tall TextView {
        layout: horizontal;
        #preview-box { height: 1fr; width: 1fr; }
        #facts-box { height: 1fr; max-height: 100%; width: 44; }
    }
    """

    @dataclass
    class Judged(Message):
        """`failure` says why the text cannot be trained on; empty: nothing speaks against it."""

        failure: str

    def __init__(self, data: DataFolder, id: str | None = None) -> None:
        super().__init__(id=id)
        self.reader = TextReader(self, data)
        self.numbers = TextNumbers(data, id="facts-box")
        self.failure = ""
        self.counting = False
        self.stopped = False
        self._config = RunConfig()
        self._title = ""
        self._beginning: Beginning | None = None
        self._text: TextFacts | None = None
        self._measure: TextMeasure | None = None
        self._number = 0
        self._timer: Timer | None = None
        self._shown_at = 0.0

    def compose(self) -> ComposeResult:
        yield TextPreview(id="preview-box")
        yield Static(id="failure", markup=False)
        yield self.numbers

    @property
    def preview(self) -> TextPreview:
        return self.query_one(TextPreview)

    def show(self, choice: TextChoice, config: RunConfig) -> None:
        """Shows `choice`, which `config` names too; what was known of another is dropped."""
        self._config = config
        self._title = choice.names[0] if choice.shelf == DISK else choice.label
        self._number += 1
        self._text = self._measure = None
        self.counting, self.stopped = True, False
        self.numbers.begin(config)
        self._judge("")
        self._draw_titles()
        self._draw_facts()
        if self._timer is not None:
            self._timer.stop()
        before, self._shown_at = self._shown_at, time.monotonic()
        if self._shown_at - before > SETTLED_SECONDS:
            self._start_reading()
        else:  # somebody goes through the list
            self._timer = self.set_timer(DEBOUNCE_SECONDS, while_there(self, self._start_reading))

    @property
    def busy(self) -> bool:
        """Whether something is being counted that `stop` would end."""
        return self.counting or self.numbers.measuring

    @property
    def can_count(self) -> bool:
        """Whether there is something that `count_again` would count."""
        return self.stopped or self.numbers.can_measure

    def focus_preview(self) -> None:
        self.query_one(TokenPreview).focus()

    def stop(self) -> None:
        """Ends the counting; what is known by now stays."""
        self.numbers.stop()
        if self.counting:
            if self._timer is not None:
                self._timer.stop()
            self.reader.stop()
            self._number += 1
            self.counting, self.stopped = False, True
            self.numbers.show_progress(keys_in(self, "stopped, ‹corpus.stop_counting› counts"))
            self._draw_facts()

    def count_again(self) -> None:
        """Counts what was stopped."""
        if self.stopped:
            self.counting, self.stopped = True, False
            self._number += 1
            self.numbers.show_progress("")
            self._draw_facts()
            self._start_reading()
        else:
            self.numbers.ask_baselines()

    def _start_reading(self) -> None:
        self.reader.read(self._number, self._config.data)

    @on(TextReader.Progress)
    def _progressed(self, event: TextReader.Progress) -> None:
        event.stop()
        if event.number == self._number and self.counting:
            words = f"{event.words}, ‹corpus.stop_counting› stops"
            self.numbers.show_progress(keys_in(self, words))

    @on(TextReader.Failed)
    def _reading_failed(self, event: TextReader.Failed) -> None:
        event.stop()
        if event.number == self._number:
            self.counting = False
            self.numbers.show_progress("")
            self._judge(event.sentence, shown=True)

    @on(TextReader.StepDone)
    def _step_done(self, event: TextReader.StepDone) -> None:
        event.stop()
        if event.number != self._number:
            return
        match event.step:
            case Unpacking(text, spans):
                self._beginning = None
                self._judge("")
                self.preview.show_glance(text, spans, self._config.data)
            case Suspicion(sentence):
                self._judge(sentence, shown=True)
            case Beginning() as beginning:
                self._beginning = beginning
                self._judge("")
                self._draw_titles()
                self.preview.show_beginning(beginning, self._config.data)
            case Coloured(spans):
                self.preview.show_tokens(spans)
            case Border() as border:
                self.preview.show_border(border)
            case Learned(tokenizer):
                self.preview.use_tokenizer(tokenizer)
            case TextFacts() as facts:
                self._text = facts
                self._draw_facts()
            case Measured(measure, counts, frequent):
                self.counting = False
                self._measure = measure
                self._judge(keys_in(self, refusal(measure, self._config)))
                self._draw_facts()
                self.preview.use_counts(counts)
                self.numbers.show_frequent(frequent)

    def _judge(self, failure: str, *, shown: bool = False) -> None:
        """Notes what speaks against the text; `shown`: in the place of its beginning."""
        self.failure = failure
        self.set_class(shown, "-failed")
        if shown:
            here = "".join(words for flag, words in _SETTING_HERE.items() if flag in failure)
            words = Content.assemble(
                ("✗ ", "bold $error"), failure, keys_in(self, here), "\n\n", _NOT_ARMED
            )
            self.query_one("#failure", Static).update(words)
            self._beginning = None
            self.preview.show_nothing()
            self._draw_titles()
        self.post_message(self.Judged(failure))

    def _draw_titles(self) -> None:
        title = visible(self._title)
        while cell_len(title) > _TITLE_CELLS:
            title = "…" + title[max(2, cell_len(title) - _TITLE_CELLS + 1) :]
        level = LEVEL_NAMES[self._config.data.level]
        self.preview.border_title = Content.assemble(title, f" in {level}")
        self.query_one("#failure").border_title = Content(title)

    def _draw_facts(self) -> None:
        words = self.failure
        if self._measure is not None and not words:
            words = verdict(self._measure, self._config)
        self.numbers.show_counts(self._text, self._measure, words, stopped=self.stopped)


_NOT_ARMED = "Nothing is chosen for training until you choose another text."
_SETTING_HERE = {
    "--encoding": " Here it is the setting “encoding” under Train (‹app.train›).",
    "--text-field": " Here it is the setting “text_field” under Train (‹app.train›).",
}
