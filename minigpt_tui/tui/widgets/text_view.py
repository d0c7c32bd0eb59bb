"""The chosen text: its beginning in coloured tokens, its numbers, or what is wrong with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult
from textual.containers import Container, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static
from textual.worker import get_current_worker

from minigpt_tui.config import DataConfig, RunConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.text_choices import DISK, TextChoice
from minigpt_tui.tui.text_reading import (
    Beginning,
    Coloured,
    Step,
    Suspicion,
    TextFacts,
    TokenFacts,
    Whole,
    read_text,
)
from minigpt_tui.tui.widgets.text_facts import LEVEL_NAMES, TextFactsView, refusal, verdict
from minigpt_tui.tui.widgets.token_preview import TokenPreview

if TYPE_CHECKING:
    from minigpt_tui.text.corpus import Corpus

# So that a key held down in the list starts no reading on its way.
DEBOUNCE_SECONDS = 0.06
_TITLE_CELLS = 48

log = logging.getLogger(__name__)


class TextView(Container):
    """Reads one text at a time in a worker thread; the latest wins. Posts `Judged`."""

    SCOPED_CSS = False  # the rule for large screens begins at the screen
    DEFAULT_CSS = """
    TextView {
        layout: vertical;
        #preview-box { height: 1fr; }
        #facts-box { height: auto; max-height: 65%; scrollbar-size-vertical: 1; }
        #failure { padding: 1 1; display: none; }
        &.-failed {
            #failure { display: block; }
            TokenPreview, #facts-box { display: none; }
        }
    }
    .-wide.-tall TextView {
        layout: horizontal;
        #preview-box { height: 1fr; width: 1fr; }
        #facts-box { height: 1fr; max-height: 100%; width: 44; }
    }
    """

    @dataclass
    class StepDone(Message):
        """A step of reading number `number`."""

        number: int
        step: Step

    @dataclass
    class Failed(Message):
        number: int
        sentence: str

    @dataclass
    class Judged(Message):
        """`failure` says why the text cannot be trained on; empty: nothing speaks against it."""

        failure: str

    def __init__(self, data: DataFolder, id: str | None = None) -> None:
        super().__init__(id=id)
        self.data = data
        self.failure = ""
        self._config = RunConfig()
        self._title = ""
        self._beginning: Beginning | None = None
        self._text: TextFacts | None = None
        self._tokens: TokenFacts | None = None
        self._number = 0
        self._timer: Timer | None = None
        self._known: tuple[DataConfig, Corpus] | None = None

    def compose(self) -> ComposeResult:
        with Container(id="preview-box", classes="box"):
            yield TokenPreview(id="preview")
            yield Static(id="failure", markup=False)
        with VerticalScroll(id="facts-box", classes="box", can_focus=False) as facts:
            facts.border_title = "In numbers"
            yield TextFactsView(id="facts")

    def show(self, choice: TextChoice, config: RunConfig) -> None:
        """Shows `choice`, which `config` names too; what was known of another is dropped."""
        self._config = config
        self._title = choice.names[0] if choice.shelf == DISK else choice.label
        self._number += 1
        self._text = self._tokens = None
        self._judge("")
        self._draw_titles()
        self._draw_facts()
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(DEBOUNCE_SECONDS, self._start_reading)

    def focus_preview(self) -> None:
        self.query_one(TokenPreview).focus()

    def _start_reading(self) -> None:
        number, config = self._number, self._config.data
        known = self._known[1] if self._known and _same_text(self._known[0], config) else None
        if known is None:
            self._known = None
        self.run_worker(
            lambda: self._read(number, config, known),
            name="reading",
            group="reading",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def _read(self, number: int, config: DataConfig, known: Corpus | None) -> None:
        """Runs in a worker thread, until another text is chosen."""
        from minigpt_tui.text.cancel import CancelledError

        worker = get_current_worker()
        try:
            for step in read_text(config, self.data, lambda: worker.is_cancelled, known):
                self.post_message(self.StepDone(number, step))
        except CancelledError:
            return
        except ValueError as error:
            self.post_message(self.Failed(number, str(error)))
        except MemoryError:
            words = "This text does not fit into the memory of this machine. Use a part of it."
            self.post_message(self.Failed(number, words))
        except Exception as error:
            log.exception("Reading %r failed", config.corpus)
            words = f"This text could not be read ({visible(str(error))}). The log has the details."
            self.post_message(self.Failed(number, words))

    @on(Failed)
    def _reading_failed(self, event: Failed) -> None:
        event.stop()
        if event.number == self._number:
            self._judge(event.sentence, shown=True)

    @on(StepDone)
    def _step_done(self, event: StepDone) -> None:
        event.stop()
        step, preview = event.step, self.query_one(TokenPreview)
        if event.number != self._number:
            return
        if isinstance(step, Suspicion):
            self._judge(step.sentence, shown=True)
        elif isinstance(step, Beginning):
            self._beginning = step
            self._judge("")
            self._draw_titles()
            if preview.text != step.text:
                preview.show_text(step.text)
            else:  # at another level; the reader need not find the place again
                preview.show_tokens((), self._config.data.level)
        elif isinstance(step, Coloured):
            preview.show_tokens(step.spans, self._config.data.level)
        elif isinstance(step, Whole):
            self._known = (self._config.data, step.corpus)
        elif isinstance(step, TextFacts):
            self._text = step
            self._draw_facts()
        else:
            self._tokens = step
            self._judge(refusal(step, self._config))
            self._draw_facts()

    def _judge(self, failure: str, *, shown: bool = False) -> None:
        """Notes what speaks against the text; `shown`: in the place of its beginning."""
        self.failure = failure
        self.set_class(shown, "-failed")
        if shown:
            here = _ENCODING_HERE if "--encoding" in failure else ""
            words = Content.assemble(("✗ ", "bold $error"), failure, here, "\n\n", _NOT_ARMED)
            self.query_one("#failure", Static).update(words)
            self._beginning = None
            self._draw_titles()
        self.post_message(self.Judged(failure))

    def _draw_titles(self) -> None:
        box = self.query_one("#preview-box")
        title = visible(self._title)
        while cell_len(title) > _TITLE_CELLS:
            title = "…" + title[max(2, cell_len(title) - _TITLE_CELLS + 1) :]
        level = LEVEL_NAMES[self._config.data.level]
        box.border_title = Content.assemble(title, f" in {level}")
        box.border_subtitle = Content(_extent(self._beginning))

    def _draw_facts(self) -> None:
        words = self.failure
        if self._tokens is not None and not words:
            words = verdict(self._tokens, self._config)
        self.query_one(TextFactsView).show_facts(self._config, self._text, self._tokens, words)


_NOT_ARMED = "Nothing is chosen for training until you choose another text."
_ENCODING_HERE = " Here it is the setting “encoding” under Train (F3)."


def _extent(beginning: Beginning | None) -> str:
    """How much of the text the preview shows."""
    if beginning is None:
        return ""
    parts = []
    if beginning.files > 1:
        parts.append(f"file 1 of {beginning.files:,}: {visible(beginning.path.name)[:24]}")
    if beginning.cut:
        parts.append(f"the first {len(beginning.text):,} characters")
    return ", ".join(parts)


def _same_text(one: DataConfig, other: DataConfig) -> bool:
    """Whether two configurations read the same text, at whatever level."""
    return (one.corpus, one.encoding) == (other.corpus, other.encoding)
