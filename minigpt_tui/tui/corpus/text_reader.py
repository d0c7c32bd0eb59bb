"""Reads a text in a thread for the view that shows it; the newest wish counts."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, get_current_worker

from minigpt_tui.config import DataConfig
from minigpt_tui.paths import DataFolder
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.corpus.text_reading import read_text
from minigpt_tui.tui.corpus.text_steps import Step, Whole

if TYPE_CHECKING:
    from minigpt_tui.text.corpus import Corpus

SAID_SECONDS = 0.25
"""Between two words on how far the counting is."""

log = logging.getLogger(__name__)


class TextReader:
    """Posts to its widget what a reading finds; a text that fits into memory is read once."""

    @dataclass
    class StepDone(Message):
        """A step of reading number `number`."""

        number: int
        step: Step

    @dataclass
    class Progress(Message):
        """How far the counting for reading number `number` is, in words."""

        number: int
        words: str

    @dataclass
    class Failed(Message):
        number: int
        sentence: str

    def __init__(self, widget: Widget, data: DataFolder) -> None:
        self.widget = widget
        self.data = data
        self._known: tuple[DataConfig, Corpus] | None = None
        """The text that was read last, and how."""
        self._number = 0

    def read(self, number: int, config: DataConfig) -> None:
        """Begins reading number `number`; one that goes on is given up for it."""
        self._number = number
        if self._known is not None and not _same_text(self._known[0], config):
            self._known = None
        known = None if self._known is None else self._known[1]
        self.widget.run_worker(
            lambda: self._read(number, config, known),
            name="reading",
            group="reading",
            thread=True,
            exclusive=True,
            exit_on_error=False,
        )

    def stop(self) -> None:
        """Gives the reading up."""
        self.widget.workers.cancel_group(self.widget, "reading")

    def _read(self, number: int, config: DataConfig, known: Corpus | None) -> None:
        """In the thread."""
        from minigpt_tui.text.cancel import CancelledError

        worker: Worker[object] = get_current_worker()
        post, said = self.widget.post_message, time.monotonic()

        def say(what: str, share: float) -> None:
            nonlocal said
            if time.monotonic() - said >= SAID_SECONDS:
                said = time.monotonic()
                post(self.Progress(number, f"{what} {share:.0%}"))

        try:
            for step in read_text(config, self.data, lambda: worker.is_cancelled, known, say):
                if isinstance(step, Whole):
                    if number == self._number:
                        self._known = config, step.corpus
                else:
                    post(self.StepDone(number, step))
        except CancelledError:
            return
        except ValueError as error:
            post(self.Failed(number, str(error)))
        except MemoryError:
            words = "This text does not fit into the memory of this machine. Use a part of it."
            post(self.Failed(number, words))
        except Exception as error:  # a bug must end the reading, not the app
            log.exception("Reading %r failed", config.corpus)
            words = f"This text could not be read ({visible(str(error))}). The log has the details."
            post(self.Failed(number, words))


def _same_text(one: DataConfig, other: DataConfig) -> bool:
    """Whether two configurations read the same text, at whatever level."""
    return all(
        getattr(one, name) == getattr(other, name) for name in ("corpus", "encoding", "text_field")
    )
