"""A box that shows any part of a text, of a gigabyte too: what is not seen is not read.

The part in sight is kept with what surrounds it; going on reads the next one in a thread, and the
row that was on top stays there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content

from minigpt_tui.config import DataConfig
from minigpt_tui.text.safe import visible
from minigpt_tui.tui.corpus.part_reading import PartReading, Place
from minigpt_tui.tui.corpus.text_extent import TextExtent
from minigpt_tui.tui.corpus.text_map import TextMap
from minigpt_tui.tui.corpus.text_steps import Beginning, Border
from minigpt_tui.tui.corpus.token_preview import TokenPreview
from minigpt_tui.tui.corpus.token_spans import Span
from minigpt_tui.tui.corpus.token_words import token_in_words

if TYPE_CHECKING:
    from minigpt_tui.text.part import Part
    from minigpt_tui.text.tokenizers import Tokenizer
    from minigpt_tui.tui.corpus.text_measure import Counts

BACK_BYTES = 1 << 14
"""What is read before the place that is gone back to, or before the end."""


class TextPreview(Horizontal):
    """Shows the beginning it is given, and reads the other parts by itself."""

    DEFAULT_CSS = """
    TextPreview { TokenPreview { width: 1fr; height: 1fr; } }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id, classes="box")
        self.part: Part | None = None
        self.reading = PartReading(self)
        self._beginning: Beginning | None = None
        self._extent = TextExtent()
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
            self._extent = TextExtent(beginning.sizes)
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
        if share >= 1:
            last = len(self._beginning.sizes) - 1
            at = max(0, self._beginning.sizes[last] - BACK_BYTES)
            self._move(Place(last, at, end=True))
            return
        self._move(Place(*self._extent.place_at(share)))

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
        elif event.passed and event.direction > 0 and self._file + 1 < len(self._extent.sizes):
            self._move(Place(self._file + 1, 0))
        elif event.passed and event.direction < 0 and self._file > 0:
            at = max(0, self._beginning.sizes[self._file - 1] - BACK_BYTES)
            self._move(Place(self._file - 1, at, end=True))

    @on(PartReading.Moved)
    def _moved(self, event: PartReading.Moved) -> None:
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

    @on(PartReading.Recoloured)
    def _recoloured(self, event: PartReading.Recoloured) -> None:
        event.stop()
        if event.part is self.part:
            self.tokens.show_tokens(event.spans, self._config.level)
            self.tokens.show_border(self._border_in(self._file, self.part))

    @on(PartReading.NotRead)
    def _not_read(self, event: PartReading.NotRead) -> None:
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
        assert self._beginning is not None
        self.moving = True
        text = self._beginning.texts[place.file]
        self.reading.read(self._number, text, place, self._config, self._tokenizer)

    def _recolour(self) -> None:
        assert self.part is not None
        self.reading.recolour(self.part, self._config, self._tokenizer)

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
            start, end, token_id = under
            final = self._tokenizer is not None
            said = token_in_words(self.tokens.text[start:end], token_id, self._counts, final=final)
            words = Content.styled(said, "$foreground")
        else:
            words = Content(self._where())
        self.border_subtitle = words

    def _draw_map(self) -> None:
        part, extent, file = self.part, self._extent, self._file
        if part is None:
            return
        first, behind = self.tokens.seen
        at_end = behind >= len(part.text)
        seen = (
            extent.share_of(file, part.byte_of(first) if first else part.begin),
            extent.share_of(file, part.end if at_end else part.byte_of(behind)),
        )
        if part.is_first and not first and not file:
            seen = 0.0, seen[1]
        border = 1 - self._config.val_fraction
        if self._border is not None:
            border = extent.share_of(self._border.file, self._border.byte)
        self.query_one(TextMap).show(seen, border)

    def _where(self) -> str:
        """Where in the text we are, if it is not seen as a whole."""
        if self._beginning is None or self.part is None:
            return ""
        parts = []
        files, extent = len(self._beginning.texts), self._extent
        if files > 1:
            name = visible(self.part.path.name)
            parts.append(f"file {self._file + 1:,} of {files:,}: {name[:24]}")
        first, behind = self.tokens.seen
        if (first, behind) != (0, len(self.tokens.text)) or extent.whole > self.part.end:
            at = extent.share_of(self._file, self.part.byte_of(first))
            parts.append(f"at {100 * at:.3g} %")
            if self._border is not None:
                border = extent.share_of(self._border.file, self._border.byte)
                parts.append("held out" if at >= border else "training part")
        return ", ".join(parts)
