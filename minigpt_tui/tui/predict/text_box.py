"""The box with the text as the model sees it: each token tinted, a cursor, its values below."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container

from minigpt_tui.text.safe import visible
from minigpt_tui.tui.keys.key_prose import keys_in
from minigpt_tui.tui.predict.asked_model import AskedModel
from minigpt_tui.tui.predict.asking import Answer
from minigpt_tui.tui.predict.text_colours import MEASURES, Measure, legend, tints_of, value_line
from minigpt_tui.tui.predict.token_text import TokenText
from minigpt_tui.tui.predict.writing import Writing
from minigpt_tui.tui.widgets.bars import fitting
from minigpt_tui.tui.widgets.repaint import entitle

HINT = "‹predict.generate› writes on · tab: go through the text, token by token"


class TextBox(Container):
    """Shows answers; the cursor is the place that they are about."""

    DEFAULT_CSS = "TextBox TokenText { width: 1fr; height: 1fr; background: $background; }"

    def __init__(self, **options: str) -> None:
        super().__init__(**options)  # type: ignore[arg-type]  # id and classes
        self.measure: Measure = MEASURES[0]
        self._answer: Answer | None = None
        self._model: AskedModel | None = None
        self._figures = ""

    def compose(self) -> ComposeResult:
        yield TokenText()

    def on_mount(self) -> None:
        self._describe()

    @property
    def text(self) -> TokenText:
        return self.query_one(TokenText)

    def next_measure(self) -> None:
        """Colours by the next measure round the list."""
        place = MEASURES.index(self.measure) + 1
        self.measure = MEASURES[place % len(MEASURES)]
        if self._answer is not None and self._model is not None:
            self.show(self._answer, self._model, self.text.cursor)

    def show(self, answer: Answer, model: AskedModel, cursor: int) -> None:
        """Puts up the text of an answer; what is not measured yet has no tint."""
        self._answer, self._model = answer, model
        self.text.show(tints_of(answer, self.measure, model), cursor)
        self._describe()

    def show_writing(self, writing: Writing | None) -> None:
        """How far the writing is, in the lower border."""
        self._figures = ""
        if writing is not None:
            ending = visible(writing.ending)
            more = [ending, "‹predict.again› another"] if ending else ["esc stops"]
            self._figures = " · ".join([writing.figures, *more])
        self._describe()

    def on_descendant_focus(self) -> None:
        self._describe()

    def on_descendant_blur(self) -> None:
        self._describe()

    def on_token_text_moved(self, message: TokenText.Moved) -> None:
        self._describe()

    def on_resize(self) -> None:
        self._describe()

    def _describe(self) -> None:
        answer, model = self._answer, self._model
        compared = answer is not None and answer.compared is not None
        entitle(self, legend(self.measure, compared))
        at_cursor = self.text.has_focus or not self._figures
        if answer is None or model is None:
            entitle(self, subtitle="")
        elif at_cursor and (self.text.has_focus or compared):
            parts = value_line(answer, model, self.text.cursor)
            entitle(self, subtitle=fitting(parts, max(10, self.size.width - 4)))
        else:
            parts = keys_in(self, self._figures or HINT).split(" · ")
            entitle(self, subtitle=fitting(parts, max(10, self.size.width - 4)))
