"""Reads another part of a text in a thread, and finds its tokens; the newest wish counts."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message
from textual.widget import Widget
from textual.worker import Worker, get_current_worker

from minigpt_tui.config import DataConfig
from minigpt_tui.tui.corpus.token_spans import Span, part_spans, provisional_spans

if TYPE_CHECKING:
    from minigpt_tui.text.part import Part
    from minigpt_tui.text.plain_text import PlainText
    from minigpt_tui.text.tokenizers import Tokenizer

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Place:
    """What to show: of which file the part from which byte, and what of it where."""

    file: int
    at: int
    exactly: bool = False
    top: int | None = None
    """The byte whose row is the first that is seen; None: that of the part."""
    cursor: int | None = None
    end: bool = False
    """Whether the part's end is to be seen."""


class PartReading:
    """Posts to its widget what was read. `number` tells which text somebody asked about."""

    @dataclass
    class Moved(Message):
        """A part was read, for the text number `number`."""

        number: int
        place: Place
        part: Part
        spans: Sequence[Span]

    @dataclass
    class Recoloured(Message):
        part: Part
        spans: Sequence[Span]

    @dataclass
    class NotRead(Message):
        number: int
        sentence: str

    def __init__(self, widget: Widget) -> None:
        self.widget = widget

    def read(
        self,
        number: int,
        text: PlainText,
        place: Place,
        config: DataConfig,
        tokenizer: Tokenizer | None,
    ) -> None:
        """Ends in `Moved` or `NotRead`, unless another part is asked for meanwhile."""
        from minigpt_tui.text.part import read_part

        def work() -> None:
            worker: Worker[object] = get_current_worker()
            message: Message
            try:
                part = read_part(text.path, text.encoding, place.at, exactly=place.exactly)
                spans = _spans(part, config, tokenizer)
                message = self.Moved(number, place, part, spans)
            except ValueError as error:
                message = self.NotRead(number, str(error))
            except Exception as error:  # a bug must not leave the preview waiting
                log.exception("A part of %r could not be read", text.path)
                message = self.NotRead(number, f"{type(error).__name__}: see the log.")
            if not worker.is_cancelled:
                self.widget.post_message(message)

        self._run("part", work)

    def recolour(self, part: Part, config: DataConfig, tokenizer: Tokenizer | None) -> None:
        """Finds the tokens of a part that is there already; ends in `Recoloured`."""

        def work() -> None:
            self.widget.post_message(self.Recoloured(part, _spans(part, config, tokenizer)))

        self._run("colour", work)

    def _run(self, group: str, work: Callable[[], None]) -> None:
        self.widget.run_worker(work, group=group, thread=True, exclusive=True, exit_on_error=False)


def _spans(part: Part, config: DataConfig, tokenizer: Tokenizer | None) -> Sequence[Span]:
    if tokenizer is None:
        return provisional_spans(part, config)
    return part_spans(part, tokenizer)
