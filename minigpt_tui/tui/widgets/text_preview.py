"""A box that shows any part of a text, of a gigabyte too: what is not seen is not read.

The part in sight is kept with what surrounds it; going on reads the next one in a thread, and the
row that was on top stays there.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.worker import get_current_worker

from minigpt_tui.config import DataConfig
from minigpt_tui.text.border import BORDER, BORDER_SHOWN
from minigpt_tui.text.safe import shown_token, visible
from minigpt_tui.tui.text_steps import Beginning, Border
from minigpt_tui.tui.token_spans import Span, part_spans, provisional_spans
from minigpt_tui.tui.widgets.text_map import TextMap
from minigpt_tui.tui.widgets.token_preview import TokenPreview

if TYPE_CHECKING:
    from minigpt_tui.text.part import Part
    from minigpt_tui.text.tokenizers import Tokenizer
    from minigpt_tui.tui.text_measure import Counts

BACK_BYTES = 1 << 14
"""What is read before the place that is gone back to, or before the end."""
_TOKEN_CELLS = 16

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


class TextPreview(Horizontal):
    """Shows the beginning it is given, and reads the other parts by itself."""

    DEFAULT_CSS = """
    TextPreview { TokenPreview { width: 1fr; height: 1fr; } }
    """

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

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.part: Part | None = None
        self._beginning: Beginning | None = None
        self._starts: list[int] = [0]
        """The bytes of the whole text before each file, and in all."""
        self._config = DataConfig()
        self._file = 0
        self._number = 0
        self.moving = False
        """Whether a part is being read to be shown."""
        self._border: Border | None = None
        self._tokenizer: Tokenizer | None = None
        self._counts: Counts | None = None
        self._pointed: Span | None = None
        self._fault = ""

    def compose(self) -> ComposeResult:
        yield TokenPreview(id="preview")
        yield TextMap(id="map")

    @property
    def tokens(self) -> TokenPreview:
        return self.query_one(TokenPreview)

    def show_beginning(self, beginning: Beginning, config: DataConfig) -> None:
        """Shows a text from its beginning; one that is shown already, at another level, stays
        where it is."""
        same = self._beginning is not None and beginning.texts == self._beginning.texts
        self._beginning, self._config = beginning, config
        self._tokenizer = self._counts = None
        self._border = None
        self._number += 1
        self.moving = False
        if same and self.part is not None:
            self.tokens.show_tokens((), config.level)
            self.tokens.show_border(None)
            self._recolour()
        else:
            self._starts = [0, *accumulate(beginning.sizes)]
            self._file, self.part = 0, beginning.part
            self.tokens.show_text(beginning.part.text)
        self._draw()

    def show_glance(self, text: str, spans: Sequence[Span], config: DataConfig) -> None:
        """How a text begins whose other parts cannot be read yet."""
        self.show_nothing()
        self._config = config
        self.tokens.show_text(text)
        self.tokens.show_tokens(spans, config.level)

    def show_nothing(self) -> None:
        """No text can be shown."""
        self._beginning = self.part = None
        self._number += 1
        self.tokens.show_text("")
        self._draw()

    def show_tokens(self, spans: Sequence[Span]) -> None:
        """The tokens of the beginning, if that is what is shown."""
        if self._beginning is not None and self.part is self._beginning.part:
            self.tokens.show_tokens(spans, self._config.level)

    def show_border(self, border: Border) -> None:
        self._border = border
        self.tokens.show_border(self._border_in(self._file, self.part))
        self._draw()

    def use_tokenizer(self, tokenizer: Tokenizer) -> None:
        """Colours by the tokens of the whole text from now on."""
        self._tokenizer = tokenizer
        if self._beginning is not None and self.part is not self._beginning.part:
            self._recolour()

    def use_counts(self, counts: Counts) -> None:
        self._counts = counts
        self._draw()

    def go_to(self, share: float) -> None:
        """Shows the text from a share of it on, 0 to 1; the last screenful for 1."""
        if self._beginning is None:
            return
        total = self._starts[-1]
        if share >= 1:
            last = len(self._beginning.sizes) - 1
            at = max(0, self._beginning.sizes[last] - BACK_BYTES)
            self._move(Place(last, at, end=True))
            return
        byte = int(max(0.0, share) * total)
        file = min(bisect_right(self._starts, byte) - 1, len(self._beginning.sizes) - 1)
        self._move(Place(file, byte - self._starts[file]))

    @on(TokenPreview.Jump)
    @on(TextMap.Jump)
    def _jump(self, event: TokenPreview.Jump | TextMap.Jump) -> None:
        event.stop()
        self.moving = False  # the newest wish counts
        self.go_to(event.share)

    @on(TokenPreview.Edge)
    def _edge(self, event: TokenPreview.Edge) -> None:
        event.stop()
        part, tokens = self.part, self.tokens
        if part is None or self.moving or self._beginning is None:
            return
        cursor, top = part.byte_of(tokens.cursor), part.byte_of(tokens.top_character)
        if event.direction > 0 and not part.is_last:
            at = part.byte_of(tokens.start_of_row_above(tokens.size.height))
            self._move(Place(self._file, at, exactly=True, top=top, cursor=cursor))
        elif event.direction < 0 and not part.is_first:
            at = max(0, top - BACK_BYTES)
            self._move(Place(self._file, at, top=top, cursor=cursor))
        elif event.passed and event.direction > 0 and self._file + 1 < len(self._starts) - 1:
            self._move(Place(self._file + 1, 0))
        elif event.passed and event.direction < 0 and self._file > 0:
            at = max(0, self._beginning.sizes[self._file - 1] - BACK_BYTES)
            self._move(Place(self._file - 1, at, end=True))

    @on(Moved)
    def _moved(self, event: Moved) -> None:
        event.stop()
        if event.number != self._number:
            return
        place, part, tokens = event.place, event.part, self.tokens
        self.moving = False
        self._fault = ""
        self._file, self.part = place.file, part
        tokens.show_text(part.text, self._border_in(place.file, part))
        tokens.show_tokens(event.spans, self._config.level)
        if place.end:
            tokens.move_cursor(len(part.text))
        if place.top is not None:
            tokens.scroll_to_character(part.character_of(place.top))
        if place.cursor is not None:
            tokens.move_cursor(part.character_of(place.cursor))
        self._draw()

    @on(Recoloured)
    def _recoloured(self, event: Recoloured) -> None:
        event.stop()
        if event.part is self.part:
            self.tokens.show_tokens(event.spans, self._config.level)
            self.tokens.show_border(self._border_in(self._file, self.part))

    @on(NotRead)
    def _not_read(self, event: NotRead) -> None:
        event.stop()
        if event.number == self._number:
            self.moving = False
            self._fault = event.sentence
            self._draw()

    @on(TokenPreview.Pointed)
    def _token_pointed(self, event: TokenPreview.Pointed) -> None:
        event.stop()
        self._pointed = event.span
        self._draw()

    def on_mount(self) -> None:
        self.watch(self.tokens, "scroll_y", self._draw, init=False)

    def _move(self, place: Place) -> None:
        """Reads a part in a thread, and shows it when it is there."""
        from minigpt_tui.text.part import read_part

        assert self._beginning is not None
        text, number, config = self._beginning.texts[place.file], self._number, self._config
        tokenizer = self._tokenizer
        self.moving = True

        def work() -> None:
            worker = get_current_worker()
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
                self.post_message(message)

        self.run_worker(work, group="part", thread=True, exclusive=True, exit_on_error=False)

    def _recolour(self) -> None:
        part, config, tokenizer = self.part, self._config, self._tokenizer
        assert part is not None

        def work() -> None:
            self.post_message(self.Recoloured(part, _spans(part, config, tokenizer)))

        self.run_worker(work, group="colour", thread=True, exclusive=True, exit_on_error=False)

    def _border_in(self, file: int, part: Part | None) -> int | None:
        """The character of a part at which the validation part begins; None: not there."""
        border = self._border
        if border is None or part is None or border.file != file:
            return None
        inside = part.begin <= border.byte < part.end or (part.is_first and border.byte == 0)
        return part.character_of(border.byte) if inside else None

    # What the frame says

    def _draw(self) -> None:
        self._draw_map()
        under = self._pointed
        if self._fault:
            words = Content.styled(visible(self._fault), "$error")
        elif under is not None:
            words = self._token_in_words(under)
        else:
            words = Content(self._extent())
        self.border_subtitle = words

    def _draw_map(self) -> None:
        part, whole = self.part, max(1, self._starts[-1])
        if part is None:
            return
        first, behind = self.tokens.seen
        before = self._starts[self._file]
        seen = (
            (before + part.byte_of(first)) / whole if first else (before + part.begin) / whole,
            (before + (part.end if behind >= len(part.text) else part.byte_of(behind))) / whole,
        )
        if part.is_first and not first and not self._file:
            seen = 0.0, seen[1]
        border = 1 - self._config.val_fraction
        if self._border is not None:
            border = (self._starts[self._border.file] + self._border.byte) / whole
        self.query_one(TextMap).show(seen, border)

    def _token_in_words(self, span: Span) -> Content:
        """`“·the”  id 257  3.1 %  1,204 times`."""
        start, end, token_id = span
        text = self.tokens.text[start:end]
        if text == BORDER:
            return Content.styled(
                f"{BORDER_SHOWN}  id {token_id}  between documents", "$foreground"
            )
        shown = "".join(map(shown_token, text))
        if cell_len(shown) > _TOKEN_CELLS:
            shown = set_cell_size(shown, _TOKEN_CELLS - 1).rstrip() + "…"
        parts = [f"“{shown}”"]
        if len(text) == 1 and not text.isascii():
            parts.append(f"U+{ord(text):04X}")
        if self._tokenizer is not None:  # before that the ids are those of the part alone
            parts.append("unknown, id 0" if token_id == 0 else f"id {token_id:,}")
        if self._counts is not None and token_id < len(self._counts):
            count, total = int(self._counts[token_id]), max(1, int(self._counts.sum()))
            share = f"{100 * count / total:.2g} %" if count / total >= 0.0001 else ""
            parts += [share, "once" if count == 1 else f"{count:,} times"]
        return Content.styled("  ".join(filter(None, parts)), "$foreground")

    def _extent(self) -> str:
        """Where in the text we are, if it is not seen as a whole."""
        if self._beginning is None or self.part is None:
            return ""
        parts = []
        files, whole = len(self._beginning.texts), max(1, self._starts[-1])
        if files > 1:
            name = visible(self.part.path.name)
            parts.append(f"file {self._file + 1:,} of {files:,}: {name[:24]}")
        first, behind = self.tokens.seen
        if (first, behind) != (0, len(self.tokens.text)) or whole > self.part.end:
            at = self._starts[self._file] + self.part.byte_of(first)
            parts.append(f"at {100 * at / whole:.3g} %")
            if self._border is not None:
                border = self._starts[self._border.file] + self._border.byte
                parts.append("held out" if at >= border else "training part")
        return ", ".join(parts)


def _spans(part: Part, config: DataConfig, tokenizer: Tokenizer | None) -> Sequence[Span]:
    if tokenizer is None:
        return provisional_spans(part, config)
    return part_spans(part, tokenizer)
